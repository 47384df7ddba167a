import { readdirSync, readFileSync } from "node:fs";

export interface ProcessSeen {
  pid: number;
  command: string;
  environment: string[];
  /** Linux's letter: R, S, D, T (stopped by a signal) … */
  state: string;
}

/** The other processes that run now, as far as they may be seen. Empty on systems without /proc. */
export function otherProcesses(): ProcessSeen[] {
  return entries().flatMap((entry) => {
    const pid = Number(entry);
    try {
      const read = (name: string) => readFileSync(`/proc/${entry}/${name}`, "utf8");
      const command = read("cmdline").replaceAll("\0", " ").trim();
      const state = /\) (\w)/.exec(read("stat"))?.[1] ?? "?";
      const environment = read("environ").split("\0");
      // A zombie has no command line: it is gone, but for its parent's wait.
      return command && pid !== process.pid ? [{ pid, command, environment, state }] : [];
    } catch {
      // It ended meanwhile, or is somebody else's.
      return [];
    }
  });
}

function entries(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
