import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { WeirError } from "../../schemas/errors";
import { createKafka } from "../kafka/connection";
import type { ServerPlan } from "./embedded-server";
import { type KafkaSettings, kafkaSettings, LOG4J_SETTINGS } from "./kafka-settings";
import { HOST, isListening, type Ports } from "./ports";
import type { KafkaProgram } from "./programs";
import { lastLines, runProgram } from "./run-program";
import { silentLogger } from "./silent-logger";

export interface KafkaServer extends ServerPlan {
  brokers: string[];
}

export interface KafkaOptions {
  /** Makes other server.properties out of the usual ones. */
  change?: (settings: KafkaSettings) => KafkaSettings;
  /** The cluster to belong to; a new one by default. */
  clusterId?: string;
}

/** One process that is broker and controller (KRaft) on loopback. */
export function kafkaServer(
  { java, home }: KafkaProgram,
  dataDir: string,
  ports: Ports,
  { change, clusterId }: KafkaOptions = {},
): KafkaServer {
  const folder = path.join(dataDir, "kafka");
  const data = path.join(folder, "data");
  const settings = path.join(folder, "server.properties");
  const log4j = path.join(folder, "log4j2.properties");
  const brokers = [`${HOST}:${ports.kafka}`];
  const javaArgs = (heapMb: number, ...main: string[]) => [
    `-Xmx${heapMb}m`,
    "-Djava.awt.headless=true",
    `-Dlog4j2.configurationFile=${log4j}`,
    ...["-cp", path.join(home, "libs", "*")],
    ...main,
  ];

  return {
    name: "Kafka",
    brokers,
    prepare: async () => {
      const logs = path.join(dataDir, "logs");
      await mkdir(logs, { recursive: true });
      await mkdir(folder, { recursive: true });
      await writeFile(settings, kafkaSettings(data, ports, change));
      await writeFile(log4j, LOG4J_SETTINGS);
      if (!existsSync(path.join(data, "meta.properties"))) {
        // A start that was broken off while formatting leaves a folder that the format refuses.
        await rm(data, { recursive: true, force: true });
        const format = [
          "kafka.tools.StorageTool",
          "format",
          "-t",
          clusterId ?? newClusterId(),
          "-c",
          settings,
        ];
        const { code, output } = await runProgram(java, javaArgs(256, ...format));
        if (code !== 0) {
          throw new WeirError(
            "WEIR_SERVER_START_FAILED",
            `Kafka could not format its data folder ${data}:\n${lastLines(output)}`,
          );
        }
      }
      return {
        file: java,
        logFile: path.join(logs, "kafka.log"),
        args: javaArgs(512, "kafka.Kafka", settings),
      };
    },
    isReady: async () => (await isListening(ports.kafka)) && (await hasBroker(brokers)),
  };
}

/** The port accepts connections a moment before the controller takes the broker into the cluster. */
async function hasBroker(brokers: string[]): Promise<boolean> {
  const admin = createKafka({ brokers, clientId: "weir-embedded" }, silentLogger).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } finally {
    await admin.disconnect();
  }
}

/** Kafka's form of a UUID; one that begins with a dash would be taken for an option. */
function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString("base64url");
    if (!id.startsWith("-")) return id;
  }
}
