import { Kafka, logLevel, type Producer } from "kafkajs";
import { waitFor } from "../../support/wait-for";
import type { EventMessage } from "./events";

export interface Backlog {
  brokers: string[];
  topic: string;
  partitions: number;
  /** How many messages, copies included. */
  events: number;
}

/** Messages are sent in requests of about so many bytes. */
const REQUEST_BYTES = 1_000_000;

export function kafkaFor(brokers: string[]): Kafka {
  return new Kafka({ brokers, clientId: "bench", logLevel: logLevel.NOTHING });
}

/** Idempotent: a request that is tried again on a busy machine would put its messages into the topic twice. */
export async function connectedProducer(brokers: string[]): Promise<Producer> {
  const producer = kafkaFor(brokers).producer({
    allowAutoTopicCreation: false,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  return producer;
}

async function createTopic({ brokers, topic, partitions }: Omit<Backlog, "events">): Promise<void> {
  const admin = kafkaFor(brokers).admin();
  await admin.connect();
  try {
    const topics = [{ topic, numPartitions: partitions, replicationFactor: 1 }];
    await admin.createTopics({ waitForLeaders: false, topics });
    // Not every request knows of a new topic at once; kafkajs' own wait gives up over that.
    await waitFor(async () => (await admin.fetchTopicOffsets(topic)).length === partitions, {
      what: `topic ${topic} to be there`,
      limitMs: 60_000,
    });
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
