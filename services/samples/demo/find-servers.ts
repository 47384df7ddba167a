import { setTimeout as delay } from "node:timers/promises";
import type { Configuration } from "../../../schemas/configuration/configuration";
import { loadConfiguration, withServers } from "../../../schemas/configuration/load-configuration";
import { isKeeperAlive } from "../../embedded/keeper-connection";
import { readServersFile } from "../../embedded/servers-file";
import { DemoProblem } from "./problem";

const LOOK_EVERY_MS = 500;

export interface FindServersOptions {
  env: NodeJS.ProcessEnv;
  /** How long a gateway that is just starting may take, in ms. */
  limitMs: number;
  /** Told once that nothing is there yet. */
  onWait(line: string): void;
}

/** The configuration that a gateway has in this environment, with the servers that run for it. Starts none. */
export async function findServers({ env, limitMs, onWait }: FindServersOptions): Promise<Configuration> {
  const configuration = loadConfiguration(env);
  const limit = Date.now() + limitMs;
  for (let told = false; ; told = true) {
    const found = await withRunningServers(configuration);
    if (found) return found;
    const nothing = `No gateway is running here: there are no servers for ${configuration.dataDir}.`;
    if (Date.now() >= limit) throw new DemoProblem(`${nothing} Start one in another terminal: npm start`);
    if (!told) onWait(`${nothing}\nStart one in another terminal: npm start. Waiting for it …`);
    await delay(LOOK_EVERY_MS);
  }
}

/** Null while a server that is to be found in the data folder does not run. */
async function withRunningServers(configuration: Configuration): Promise<Configuration | null> {
  const { kafka, mongo, dataDir } = configuration;
  const needsKafka = kafka.brokers.length === 0;
  const needsMongo = mongo.url === "";
  if (!needsKafka && !needsMongo) return configuration;
  const file = (await isKeeperAlive(dataDir)) ? await readServersFile(dataDir) : null;
  if (!file || (needsKafka && !file.kafka) || (needsMongo && !file.mongo)) return null;
  return withServers(configuration, {
    brokers: needsKafka ? file.kafka?.brokers : undefined,
    mongoUrl: needsMongo ? file.mongo?.url : undefined,
  });
}
