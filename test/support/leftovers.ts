import { readdirSync, readFileSync } from "node:fs";
import { adminClient } from "./kafka";
import { mongoClient } from "./mongo";
import { databasesOf, groupsOf, topicsOf } from "./removal";
import { RUN_PREFIX, RUN_VARIABLE, run } from "./run";

/** What the specs of this run forgot on the servers and among the processes, in words; empty when all is clean. */
export async function findLeftovers(withServers: boolean): Promise<string[]> {
  const found = processesOfThisRun().map((process) => `process ${process}`);
  if (!withServers) return found;
  const admin = await adminClient();
  const mongo = await mongoClient();
  try {
    for (const topic of await topicsOf(admin, RUN_PREFIX)) found.push(`topic ${topic}`);
    for (const group of await groupsOf(admin, RUN_PREFIX)) found.push(`consumer group ${group}`);
    for (const database of await databasesOf(mongo, RUN_PREFIX)) found.push(`database ${database}`);
  } finally {
    await admin.disconnect();
    await mongo.close();
  }
  return found;
}

/** Processes that carry this run's variable, also those that detached themselves. Only Linux shows them. */
function processesOfThisRun(): string[] {
  const mark = `${RUN_VARIABLE}=${run}`;
  const found: string[] = [];
  for (const entry of listProcesses()) {
    if (Number(entry) === process.pid) continue;
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0");
      if (!environment.includes(mark)) continue;
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      // A zombie has no command line: it is gone, but for its parent's wait.
      if (command) found.push(`${entry}: ${command.slice(0, 200)}`);
    } catch {
      // It ended meanwhile, or is somebody else's.
    }
  }
  return found;
}

function listProcesses(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
