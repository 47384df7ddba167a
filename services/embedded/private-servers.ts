import path from "node:path";
import { EmbeddedServer } from "./embedded-server";
import { kafkaServer } from "./kafka-server";
import type { KafkaSettings } from "./kafka-settings";
import { type MongoParameters, mongoServer } from "./mongo-server";
import { reservePorts } from "./ports";
import { kafkaProgram, mongoProgram, type ProgramSources } from "./programs";
import { progressFor } from "./progress";

export interface PrivateServersOptions {
  /** Data and logs; nobody else may use it meanwhile. */
  dataDir: string;
  /** Where fetched programs are kept: by default the normal data folder's, so that nothing is fetched twice. */
  programsDir?: string;
  env?: NodeJS.ProcessEnv;
  /** More of mongod's `--setParameter`, such as `{ enableTestCommands: 1, ttlMonitorSleepSecs: 1 }`. */
  mongoParameters?: MongoParameters;
  /** Makes other server.properties out of Kafka's usual ones. */
  kafkaSettings?: (settings: KafkaSettings) => KafkaSettings;
}

/** What a fault test may do to a server. Address and data stay the same. */
export type ServerControl = Pick<EmbeddedServer, "start" | "stop" | "kill" | "pause" | "resume" | "pid">;

export interface PrivateServers {
  brokers: string[];
  mongoUrl: string;
  kafka: ServerControl;
  mongo: ServerControl;
  /** Stops both. They also stop when this process ends in any other way. */
  close(): Promise<void>;
}

/** Programs in the normal data folder, unless another folder is named. */
export function programSources(env: NodeJS.ProcessEnv, programsDir?: string): ProgramSources {
  return {
    programsDir: path.resolve(programsDir ?? path.join(env.WEIR_DATA_DIR ?? ".weir", "programs")),
    env,
    view: progressFor(process.stderr),
  };
}

/** Servers that belong to this process alone: they can be stopped, killed and frozen without harm to others. */
export async function startPrivateServers(options: PrivateServersOptions): Promise<PrivateServers> {
  const env = options.env ?? process.env;
  const dataDir = path.resolve(options.dataDir);
  const sources = programSources(env, options.programsDir);
  const ports = await reservePorts(dataDir);
  const kafkaPlan = kafkaServer(await kafkaProgram(sources), dataDir, ports, {
    change: options.kafkaSettings,
  });
  const mongoPlan = mongoServer(await mongoProgram(sources), dataDir, ports, options.mongoParameters);
  const kafka = new EmbeddedServer(kafkaPlan);
  const mongo = new EmbeddedServer(mongoPlan);
  const close = async () => {
    await Promise.all([kafka.stop(), mongo.stop()]);
  };
  try {
    await Promise.all([kafka.start(), mongo.start()]);
  } catch (error) {
    await close();
    throw error;
  }
  return { brokers: kafkaPlan.brokers, mongoUrl: mongoPlan.url, kafka, mongo, close };
}
