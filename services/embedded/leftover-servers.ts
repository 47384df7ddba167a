import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { runProgram } from "./run-program";
import { readServersFile } from "./servers-file";

const STOP_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 100;

/**
 * Ends servers of a keeper that was killed together with its watchdogs. A process id alone proves nothing, it may
 * belong to somebody else by now: the command line must name the data folder too.
 */
export async function endLeftoverServers(dataDir: string, log: (line: string) => void): Promise<void> {
  const file = await readServersFile(dataDir);
  for (const server of [file?.kafka, file?.mongo]) {
    if (server && (await isOurs(server.pid, dataDir))) {
      log(`Stopping process ${server.pid}, which a killed keeper left behind.`);
      await end(server.pid, dataDir);
    }
  }
}

async function end(pid: number, dataDir: string): Promise<void> {
  const limit = Date.now() + STOP_LIMIT_MS;
  signal(pid, "SIGTERM");
  signal(pid, "SIGCONT");
  while (await isOurs(pid, dataDir)) {
    if (Date.now() > limit) signal(pid, "SIGKILL");
    await delay(LOOK_EVERY_MS);
  }
}

async function isOurs(pid: number, dataDir: string): Promise<boolean> {
  return (await commandLine(pid)).includes(dataDir);
}

/** Empty when there is no such process, or only its remains. */
export async function commandLine(pid: number): Promise<string> {
  if (process.platform === "linux") return await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  const { code, output } = await runProgram("ps", ["-p", String(pid), "-o", "command="]);
  return code === 0 ? output : "";
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}
