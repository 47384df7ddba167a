import { execFile } from "node:child_process";
import { open, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);
const PIECE = Buffer.alloc(1024 * 1024);

/** A disk that can be filled. */
export interface Disk {
  /** Takes all the space that is left. */
  fill(): Promise<void>;
  /** Gives back what `fill` has taken. */
  free(): Promise<void>;
  unmount(): Promise<void>;
}

/** Mounts a disk in memory over an empty folder. Only Linux' root can. */
export async function smallDisk(folder: string, mib: number): Promise<Disk> {
  await execute("mount", ["-t", "tmpfs", "-o", `size=${mib}m`, "tmpfs", folder]).catch((error: Error) => {
    throw new Error(
      `a disk that can be filled needs root on Linux, to mount one in memory: ${error.message}`,
    );
  });
  const filler = path.join(folder, "filler");
  return {
    fill: async () => {
      const file = await open(filler, "a");
      try {
        for (;;) await file.write(PIECE);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        await file.close();
      }
    },
    free: () => rm(filler, { force: true }),
    unmount: async () => {
      await execute("umount", [folder]);
    },
  };
}
