import type { Configuration } from "../../../schemas/configuration/configuration";
import { loadConfiguration, withServers } from "../../../schemas/configuration/load-configuration";
import { isKeeperAlive } from "../../embedded/keeper-connection";
import { readServersFile } from "../../embedded/servers-file";
import { DemoProblem } from "./problem";

/** The configuration that a gateway has in this environment, with the servers that run for it. Starts none. */
export async function findServers(env: NodeJS.ProcessEnv): Promise<Configuration> {
  const configuration = loadConfiguration(env);
  const { kafka, mongo, dataDir } = configuration;
  const needsKafka = kafka.brokers.length === 0;
  const needsMongo = mongo.url === "";
  if (!needsKafka && !needsMongo) return configuration;

  const file = (await isKeeperAlive(dataDir)) ? await readServersFile(dataDir) : null;
  if (!file || (needsKafka && !file.kafka) || (needsMongo && !file.mongo)) {
    throw new DemoProblem(
      `No gateway is running here: no servers run for ${dataDir}. Start one in another terminal: npm start`,
    );
  }
  return withServers(configuration, {
    brokers: needsKafka ? file.kafka?.brokers : undefined,
    mongoUrl: needsMongo ? file.mongo?.url : undefined,
  });
}
