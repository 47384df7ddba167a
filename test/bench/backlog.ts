import { Kafka, logLevel } from "kafkajs";
import { exampleOf } from "../support/traffic";

export const EVENT_TYPE = "payment.captured";

export interface Backlog {
  brokers: string[];
  topic: string;
  events: number;
  partitions: number;
}

const BATCH = 2_000;

export function kafkaFor(brokers: string[]): Kafka {
  return new Kafka({ brokers, clientId: "bench", logLevel: logLevel.NOTHING });
}

/** Makes a topic and fills it with distinct valid events of about 500 bytes. */
export async function fillBacklog({ brokers, topic, events, partitions }: Backlog): Promise<void> {
  const kafka = kafkaFor(brokers);
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }],
  });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const example = exampleOf(EVENT_TYPE);
  for (let at = 0; at < events; at += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, events - at) }, (_, index) => {
      const number = at + index;
      const event = { ...example, event_id: `bench-${number}`, aggregate_id: `a${number % 5_000}` };
      return { key: event.aggregate_id, value: JSON.stringify(event) };
    });
    await producer.send({ topic, messages });
  }
  await producer.disconnect();
}

/** Resolves when all groups have committed the topic's end. */
export async function drained(
  { brokers, topic, events }: Backlog,
  groups: string[],
  limitMs: number,
): Promise<void> {
  const admin = kafkaFor(brokers).admin();
  await admin.connect();
  const end = Date.now() + limitMs;
  try {
    for (const groupId of groups) {
      for (;;) {
        const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
        const committed = offsets?.partitions.reduce(
          (sum, { offset }) => sum + Math.max(0, Number(offset)),
          0,
        );
        if (committed === events) break;
        if (Date.now() > end)
          throw new Error(`${groupId} committed ${committed} of ${events} within ${limitMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  } finally {
    await admin.disconnect();
  }
}
