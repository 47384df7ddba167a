import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A folder that is gone when this process is, also when it was interrupted. */
export function temporaryUntilExit(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `weir-bench-${name}-`));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
