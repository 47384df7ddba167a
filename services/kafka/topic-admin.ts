import { setTimeout as delay } from "node:timers/promises";
import type { Admin, Kafka } from "kafkajs";
import { createTopics } from "./create-topics";
import { lagBetween } from "./next-offset";

const ATTEMPTS = 20;
const PAUSE_MS = 100;

export interface CommittedOffset {
  topic: string;
  partition: number;
  /** Next offset to read; "-1" where the group never committed. */
  offset: string;
  metadata: string | null;
}

export interface PartitionEnds {
  partition: number;
  low: string;
  high: string;
}

export interface PartitionLag {
  topic: string;
  partition: number;
  committed: string;
  end: string;
  lag: number;
}

/** Questions and orders to the cluster; one connection, shared by all groups. */
export class TopicAdmin {
  private readonly admin: Admin;

  constructor(private readonly kafka: Kafka) {
    this.admin = kafka.admin();
  }

  connect(): Promise<void> {
    return this.admin.connect();
  }

  disconnect(): Promise<void> {
    return this.admin.disconnect();
  }

  async existing(topics: readonly string[]): Promise<string[]> {
    const known = new Set(await this.admin.listTopics());
    return topics.filter((topic) => known.has(topic));
  }

  /** Creates topics; one that somebody else created meanwhile counts as created. */
  async create(topics: readonly string[], partitions: number, replicationFactor: number): Promise<void> {
    if (topics.length === 0) return;
    const wanted = topics.map((topic) => ({ topic, numPartitions: partitions, replicationFactor }));
    await createTopics(this.admin, wanted);
  }

  async committed(groupId: string, topics: string[]): Promise<CommittedOffset[]> {
    const found = await patiently(() => this.admin.fetchOffsets({ groupId, topics }));
    return found.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset, metadata }) => ({ topic, partition, offset, metadata })),
    );
  }

  /**
   * What the group has yet to read, per partition. Who asks for several groups at once gives all of them the same `ends`: a
   * topic that several read is asked for once.
   */
  async lag(groupId: string, topics: string[], ends = this.endsOnce()): Promise<PartitionLag[]> {
    const [committed, ...found] = await Promise.all([
      this.committed(groupId, topics),
      ...topics.map(async (topic) => ({ topic, partitions: await ends(topic) })),
    ]);
    const endOf = new Map(
      found.flatMap(({ topic, partitions }) =>
        partitions.map((end) => [`${topic}/${end.partition}`, end] as const),
      ),
    );
    return committed.map(({ topic, partition, offset }) => {
      const end = endOf.get(`${topic}/${partition}`);
      const lag = end ? lagBetween(offset, end.low, end.high) : 0;
      return { topic, partition, committed: offset, end: end?.high ?? "-1", lag };
    });
  }

  /** Asks for each topic's ends when they are wanted first. */
  endsOnce(): (topic: string) => Promise<PartitionEnds[]> {
    const asked = new Map<string, Promise<PartitionEnds[]>>();
    return (topic) => {
      const known = asked.get(topic) ?? this.ends(topic);
      asked.set(topic, known);
      return known;
    };
  }

  private ends(topic: string): Promise<PartitionEnds[]> {
    return patiently(() => this.admin.fetchTopicOffsets(topic));
  }

  /**
   * Lets a group that never committed begin at the end, by joining it for the moment of one commit. Where another gateway
   * does the same at the same time, both commit the same.
   */
  async beginAtEnd(groupId: string, topics: string[]): Promise<void> {
    const uncommitted = (await this.committed(groupId, topics)).filter(({ offset }) => offset === "-1");
    const ends = new Map(
      await Promise.all(topics.map(async (topic) => [topic, await this.ends(topic)] as const)),
    );
    const offsets = uncommitted.flatMap(({ topic, partition }) => {
      const end = ends.get(topic)?.find((candidate) => candidate.partition === partition);
      return end ? [{ topic, partition, offset: end.high }] : [];
    });
    const consumer = this.kafka.consumer({ groupId, maxWaitTimeInMs: 50, allowAutoTopicCreation: false });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics, fromBeginning: true });
      const joined = new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.GROUP_JOIN, () => resolve());
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async () => undefined,
      });
      await joined;
      await consumer.commitOffsets(offsets);
    } finally {
      await consumer.disconnect();
    }
  }
}

/** A topic made a moment ago may not have its leaders yet, though Kafka has named them; a group's coordinator loads for a moment. */
async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS || (error as { retriable?: boolean }).retriable !== true) throw error;
      await delay(PAUSE_MS);
    }
  }
}
