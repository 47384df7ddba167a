import { type Admin, type IHeaders, Kafka, logLevel, type Producer } from "kafkajs";
import { quietIdleTimers } from "../../services/kafka/idle-timers";
import { testServers } from "./servers";

quietIdleTimers();

/** A message as raw as kafkajs allows: bytes that are no JSON, empty values and tombstones (null) included. */
export interface RawMessage {
  key?: string | Buffer | null;
  value: string | Buffer | null;
  headers?: IHeaders;
  partition?: number;
  /** Milliseconds since the epoch, as a string. */
  timestamp?: string;
}

/** The specs' own way to Kafka, apart from the gateway's, so that one is evidence for the other. */
export function kafkaClient(brokers = testServers().brokers): Kafka {
  return new Kafka({
    clientId: "weir-test",
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3000,
    // kafkajs chooses other values when NODE_ENV is "test".
    retry: { initialRetryTime: 100, maxRetryTime: 2000, retries: 10 },
  });
}

/** A connected admin; the caller disconnects it. */
export async function adminClient(brokers?: string[]): Promise<Admin> {
  const admin = kafkaClient(brokers).admin();
  await admin.connect();
  return admin;
}

const MAX_BATCH = 1000;

/** A request that is tried again, as the first to a new topic may be, would else put its messages into the topic twice. */
export const IDEMPOTENT = {
  idempotent: true,
  maxInFlightRequests: 1,
  allowAutoTopicCreation: false,
} as const;

/** Sends in the given order, acknowledged by the broker. */
export async function produce(topic: string, messages: RawMessage[], producer?: Producer): Promise<void> {
  const own = producer ?? kafkaClient().producer(IDEMPOTENT);
  if (!producer) await own.connect();
  try {
    for (let at = 0; at < messages.length; at += MAX_BATCH) {
      const part = messages.slice(at, at + MAX_BATCH);
      await own.send({ topic, acks: -1, messages: part.map((message) => ({ key: null, ...message })) });
    }
  } finally {
    if (!producer) await own.disconnect();
  }
}

/** Sends with a producer of its own, which knows of new partitions. */
export async function withIdempotentProducer(send: (producer: Producer) => Promise<void>): Promise<void> {
  const producer = kafkaClient().producer(IDEMPOTENT);
  await producer.connect();
  try {
    await send(producer);
  } finally {
    await producer.disconnect();
  }
}

export interface PartitionState {
  topic: string;
  partition: number;
  /** Where the group goes on; -1: it never committed. */
  committed: number;
  /** The offset that the next message will get. */
  end: number;
  /** Messages not yet committed; all of the partition when the group never committed. */
  lag: number;
  metadata: string | null;
}

/** Where a group stands on each partition of the topics. */
export async function groupState(admin: Admin, groupId: string, topics: string[]): Promise<PartitionState[]> {
  const states: PartitionState[] = [];
  const offsets = await admin.fetchOffsets({ groupId, topics });
  for (const { topic, partitions } of offsets) {
    const ends = await admin.fetchTopicOffsets(topic);
    for (const { partition, offset, metadata } of partitions) {
      const bounds = ends.find((end) => end.partition === partition);
      if (!bounds) continue;
      const committed = Number(offset);
      const end = Number(bounds.high);
      states.push({
        topic,
        partition,
        committed,
        end,
        lag: end - (committed < 0 ? Number(bounds.low) : committed),
        metadata,
      });
    }
  }
  return states;
}
