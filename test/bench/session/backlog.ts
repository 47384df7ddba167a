import type { Producer } from "kafkajs";
import { createTopics } from "../../../services/kafka/create-topics";
import { IDEMPOTENT } from "../../support/kafka";
import type { EventMessage } from "./events";
import { kafkaFor } from "./kafka-client";

export interface Backlog {
  brokers: string[];
  topic: string;
  partitions: number;
  /** How many messages, copies included. */
  events: number;
}

const CREATE_LIMIT_MS = 60_000;
/** Messages are sent in requests of about so many bytes. */
const REQUEST_BYTES = 1_000_000;

export async function connectedProducer(brokers: string[]): Promise<Producer> {
  const producer = kafkaFor(brokers).producer(IDEMPOTENT);
  await producer.connect();
  return producer;
}

async function createTopic({ brokers, topic, partitions }: Omit<Backlog, "events">): Promise<void> {
  const admin = kafkaFor(brokers).admin();
  await admin.connect();
  try {
    await createTopics(admin, [{ topic, numPartitions: partitions, replicationFactor: 1 }], CREATE_LIMIT_MS);
  } finally {
    await admin.disconnect();
  }
}

/** Makes a topic and fills it with `messageAt(0)` … `messageAt(events - 1)`. */
export async function fillBacklog(
  backlog: Backlog,
  messageAt: (number: number) => EventMessage,
): Promise<void> {
  const { brokers, topic, events } = backlog;
  await createTopic(backlog);
  const producer = await connectedProducer(brokers);
  try {
    for (let at = 0; at < events; ) {
      const messages: EventMessage[] = [];
      for (let bytes = 0; at < events && bytes < REQUEST_BYTES; at += 1) {
        const message = messageAt(at);
        bytes += message.value.length;
        messages.push(message);
      }
      await producer.send({ topic, messages });
    }
  } finally {
    await producer.disconnect();
  }
}
