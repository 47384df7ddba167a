import { randomBytes } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";

/** Readers see the old content or the new, never a part of it. Only the owner can read the file. */
export async function writeFileAtomically(file: string, content: string): Promise<void> {
  const unfinished = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  await writeFile(unfinished, content, { mode: 0o600 });
  await rename(unfinished, file);
}
