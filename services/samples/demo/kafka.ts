import type { Admin, Kafka, Producer } from "kafkajs";
import type { Configuration } from "../../../schemas/configuration/configuration";
import { topicOf } from "../../bridge/topics";
import { silentLogger } from "../../embedded/silent-logger";
import { createKafka } from "../../kafka/connection";
import type { StoryMessage } from "./story";

/** A message that Kafka has taken, and where it is. */
export interface SentMessage extends StoryMessage {
  topic: string;
  partition: number;
  offset: number;
}

/** Where a group stands: `topic/partition` → the offset that it reads next. */
export type Committed = Map<string, number>;

/** The demo's own way to Kafka, apart from the gateway's: it sends what it likes and looks at committed offsets. */
export class DemoKafka {
  private readonly kafka: Kafka;
  private readonly admin: Admin;
  private readonly producer: Producer;
  private readonly partitionsOf = new Map<string, number>();

  constructor(private readonly configuration: Configuration) {
    this.kafka = createKafka(configuration.kafka, silentLogger);
    this.admin = this.kafka.admin();
    // Else a request that is tried again would send more than the demo accounts for.
    this.producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
  }

  async connect(): Promise<void> {
    await this.admin.connect();
    await this.producer.connect();
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.producer.disconnect(), this.admin.disconnect()]);
  }

  topicOf(eventType: string): string {
    return topicOf(this.configuration.topics, eventType);
  }

  /** Those of the groups in which nobody is at work. */
  async idle(groups: string[]): Promise<string[]> {
    const ids = groups.map((group) => this.groupId(group));
    const described = (await this.admin.describeGroups(ids)).groups;
    return groups.filter(
      (group) =>
        !described.some(({ groupId, members }) => groupId === this.groupId(group) && members.length > 0),
    );
  }

  /** Sends in the given order; messages of one key go to one partition. */
  async send(messages: StoryMessage[], headers: Record<string, string>): Promise<SentMessage[]> {
    const placed = await Promise.all(
      messages.map(async (message) => {
        const topic = this.topicOf(message.type);
        return { ...message, topic, partition: hash(message.key) % (await this.partitions(topic)) };
      }),
    );
    const topicMessages = [...Map.groupBy(placed, ({ topic }) => topic)].map(([topic, of]) => ({
      topic,
      messages: of.map(({ key, value, partition }) => ({ key, value, partition, headers })),
    }));
    const answers = await this.producer.sendBatch({ topicMessages, acks: -1 });
    const next = new Map(
      answers.map(({ topicName, partition, baseOffset }) => [
        `${topicName}/${partition}`,
        Number(baseOffset),
      ]),
    );
    return placed.map((message) => {
      const at = `${message.topic}/${message.partition}`;
      const offset = next.get(at) ?? -1;
      next.set(at, offset + 1);
      return { ...message, offset };
    });
  }

  async committed(group: string, topics: string[]): Promise<Committed> {
    const answer = await this.admin.fetchOffsets({ groupId: this.groupId(group), topics });
    return new Map(
      answer.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)] as const),
      ),
    );
  }

  private groupId(group: string): string {
    return this.configuration.groupPrefix + group;
  }

  private async partitions(topic: string): Promise<number> {
    const known = this.partitionsOf.get(topic);
    if (known !== undefined) return known;
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    const count = topics[0]?.partitions.length ?? 1;
    this.partitionsOf.set(topic, count);
    return count;
  }
}

function hash(text: string): number {
  let value = 0;
  for (const byte of Buffer.from(text)) value = (value * 31 + byte) >>> 0;
  return value;
}
