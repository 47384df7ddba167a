import { adminClient } from "./kafka";
import { mongoClient } from "./mongo";
import { otherProcesses } from "./processes";
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

// tsx keeps a compiler for as long as this process lives, from the first file on that is not in its cache.
const COMPILER = /\/esbuild --service=/;

/** Processes that carry this run's variable, also those that detached themselves. */
function processesOfThisRun(): string[] {
  const mark = `${RUN_VARIABLE}=${run}`;
  return otherProcesses()
    .filter(({ environment, command }) => environment.includes(mark) && !COMPILER.test(command))
    .map(({ pid, command }) => `${pid}: ${command.slice(0, 200)}`);
}
