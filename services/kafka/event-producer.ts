import { type ICustomPartitioner, type Kafka, type Message, Partitioners, type Producer } from "kafkajs";

export interface OutgoingMessage {
  topic: string;
  key: string | null;
  value: string | Buffer;
  headers?: Record<string, string>;
}

export interface SentMessage {
  topic: string;
  partition: number;
  offset: string;
}

/**
 * Sends with all replicas' acknowledgement, once each even when a send is repeated by the client. A producer that Kafka
 * calls out of sequence is of no more use: the next send makes a new one.
 */
export class EventProducer {
  private producer: Producer | null = null;
  private connecting: Promise<Producer> | null = null;
  private readonly partitionOf = new WeakMap<Message, number>();

  constructor(private readonly kafka: Kafka) {}

  /** Sends all messages, in one request per broker → where each of them is now, in the same order. */
  async send(messages: readonly OutgoingMessage[]): Promise<SentMessage[]> {
    const byTopic = new Map<string, Message[]>();
    const outgoing = messages.map(({ topic, key, value, headers }) => {
      const message: Message = { key, value, headers };
      const siblings = byTopic.get(topic);
      if (siblings) siblings.push(message);
      else byTopic.set(topic, [message]);
      return { topic, message };
    });
    const producer = await this.connected();
    const topicMessages = [...byTopic].map(([topic, of]) => ({ topic, messages: of }));
    const records = await producer
      .sendBatch({ topicMessages, acks: -1, timeout: 15_000 })
      .catch((error: unknown) => {
        if (isFatal(error)) this.forget(producer);
        throw error;
      });
    const next = new Map(
      records.map(({ topicName, partition, baseOffset }) => [
        `${topicName}/${partition}`,
        BigInt(baseOffset ?? -1),
      ]),
    );
    return outgoing.map(({ topic, message }) => {
      const partition = this.partitionOf.get(message) ?? -1;
      const at = `${topic}/${partition}`;
      const offset = next.get(at) ?? -1n;
      next.set(at, offset + 1n);
      return { topic, partition, offset: offset.toString() };
    });
  }

  async disconnect(): Promise<void> {
    const producer = this.producer ?? (await this.connecting?.catch(() => null));
    this.producer = null;
    await producer?.disconnect();
  }

  private async connected(): Promise<Producer> {
    if (this.producer) return this.producer;
    this.connecting ??= this.connect().finally(() => {
      this.connecting = null;
    });
    return this.connecting;
  }

  private async connect(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: () => this.recordingPartitioner(),
      retry: { retries: 6, initialRetryTime: 200, maxRetryTime: 3_000 },
    });
    await producer.connect();
    this.producer = producer;
    return producer;
  }

  /** Kafka answers per partition, callers ask per message: this remembers which message went where. */
  private recordingPartitioner(): ReturnType<ICustomPartitioner> {
    const choose = Partitioners.DefaultPartitioner();
    return (args) => {
      const partition = choose(args);
      this.partitionOf.set(args.message, partition);
      return partition;
    };
  }

  private forget(producer: Producer): void {
    if (this.producer === producer) this.producer = null;
    producer.disconnect().catch(() => undefined);
  }
}

function isFatal(error: unknown): boolean {
  const causes: unknown[] = [];
  for (let at = error; at instanceof Error; at = at.cause) causes.push((at as { type?: unknown }).type);
  return causes.some((type) =>
    ["OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID", "INVALID_PRODUCER_EPOCH"].includes(String(type)),
  );
}
