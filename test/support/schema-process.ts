import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { BootAnswer, BootRequest } from "../fixtures/schema-process";

const FIXTURE = path.resolve(__dirname, "../fixtures/schema-process.ts");

/** A process of its own that boots services when it is told to. */
export interface SchemaProcess {
  child: ChildProcess;
  boot(request: BootRequest): Promise<BootAnswer>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
}

/** Resolves when the process is ready to boot. */
export async function startSchemaProcess(): Promise<SchemaProcess> {
  const child = spawn(process.execPath, ["--require", "tsx/cjs", FIXTURE], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const exited = once(child, "exit");
  await lines.next();
  return {
    child,
    async boot(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("The process ended before it answered.");
      return JSON.parse(value);
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
