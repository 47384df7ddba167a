import { readFile } from "node:fs/promises";
import path from "node:path";
import { EmbeddedServer } from "../../services/embedded/embedded-server";
import { kafkaServer } from "../../services/embedded/kafka-server";
import { HOST, type Ports, reservePorts } from "../../services/embedded/ports";
import type { KafkaProgram } from "../../services/embedded/programs";

/** The node ids of the private Kafka, which is also the controller, and of the broker beside it. */
export const FIRST_BROKER = 1;
export const SECOND_BROKER = 2;

/**
 * Starts a broker, and nothing but that, which joins the Kafka of a data folder; its own data are in a folder below. The
 * cluster is as before when what was moved to it has been moved back and it was stopped.
 */
export async function startSecondBroker(program: KafkaProgram, folder: string): Promise<EmbeddedServer> {
  const dataDir = path.join(folder, "second-broker");
  const { controller }: Ports = JSON.parse(await readFile(path.join(folder, "ports.json"), "utf8"));
  const meta = await readFile(path.join(folder, "kafka", "data", "meta.properties"), "utf8");
  const ports = { ...(await reservePorts(dataDir)), controller };
  const plan = kafkaServer(program, dataDir, ports, {
    clusterId: /^cluster\.id=(.+)$/m.exec(meta)?.[1]?.trim(),
    change: (settings) => ({
      ...settings,
      "process.roles": "broker",
      "node.id": SECOND_BROKER,
      "controller.quorum.voters": `${FIRST_BROKER}@${HOST}:${controller}`,
      listeners: `PLAINTEXT://${HOST}:${ports.kafka}`,
    }),
  });
  const broker = new EmbeddedServer(plan);
  await broker.start();
  return broker;
}
