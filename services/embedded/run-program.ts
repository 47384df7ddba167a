import { spawn } from "node:child_process";
import readline from "node:readline";

export interface ProgramResult {
  /** Exit code; null when the program could not be started or was ended by a signal. */
  code: number | null;
  /** True when there is no such program. */
  missing: boolean;
  /** Standard output and error together, as they came. */
  output: string;
}

/** Runs a program to its end without a terminal and without input; it never throws. */
export async function runProgram(
  file: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; onLine?: (line: string) => void } = {},
): Promise<ProgramResult> {
  const { env, cwd, onLine } = options;
  const child = spawn(file, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    readline.createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      onLine?.(line);
    });
  }
  return await new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      resolve({ code: null, missing: error.code === "ENOENT", output: error.message });
    });
    child.once("close", (code) => resolve({ code, missing: false, output: lines.join("\n") }));
  });
}

/** The last lines of a program's output, for an error message. */
export function lastLines(output: string, count = 15): string {
  return output.trimEnd().split("\n").slice(-count).join("\n");
}
