import { Kafka, logLevel } from "kafkajs";

/** kafkajs as it comes: whoever imports nothing else of the product's gets nothing of what it changes in kafkajs. */
export function kafkaFor(brokers: string[]): Kafka {
  return new Kafka({ brokers, clientId: "bench", logLevel: logLevel.NOTHING });
}
