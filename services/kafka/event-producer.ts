import { type ICustomPartitioner, type Kafka, type Message, Partitioners, type Producer } from "kafkajs";

export interface OutgoingMessage {
  topic: string;
  key: string | null;
  /** null: a tombstone. */
  value: string | Buffer | null;
  headers?: Record<string, string>;
}

export interface SentMessage {
  topic: string;
  partition: number;
  offset: string;
}

/**
 * Sends with all replicas' acknowledgement, once each even when a send is repeated by the client: one send after the other,
 * because kafkajs gives the number of a send that it is about to repeat to whichever comes next, and Kafka would take that for the repetition.
 * After a send that failed it is not known what Kafka has taken of it: the next one goes through a new producer.
 */
export class EventProducer {
  private producer: Producer | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;
  private readonly partitionOf = new WeakMap<Message, number>();

  constructor(private readonly kafka: Kafka) {}

  /** Sends all messages, in one request per broker → where each of them is now, in the same order. */
  send(messages: readonly OutgoingMessage[]): Promise<SentMessage[]> {
    const sent = this.last.then(() => this.sendNow(messages));
    this.last = sent.catch(() => undefined);
    return sent;
  }

  private async sendNow(messages: readonly OutgoingMessage[]): Promise<SentMessage[]> {
    if (this.closed) throw new Error("nothing is sent to Kafka any more: the gateway stops");
    const byTopic = new Map<string, Message[]>();
    const outgoing = messages.map(({ topic, key, value, headers }) => {
      const message: Message = { key, value, headers };
      const siblings = byTopic.get(topic);
      if (siblings) siblings.push(message);
      else byTopic.set(topic, [message]);
      return { topic, message };
    });
    const producer = this.producer ?? (await this.connect());
    const topicMessages = [...byTopic].map(([topic, of]) => ({ topic, messages: of }));
    const records = await producer
      .sendBatch({ topicMessages, acks: -1, timeout: 15_000 })
      .catch((error: unknown) => {
        this.forget(producer);
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

  /** What waits for its turn is not sent any more. */
  async disconnect(): Promise<void> {
    this.closed = true;
    await this.producer?.disconnect();
    await this.last;
    // One that was about to connect.
    await this.producer?.disconnect();
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

  /**
   * Kafka answers per partition, callers ask per message: this remembers which message went where. What the client sends
   * again has to go there again, because Kafka knows a repetition by its partition.
   */
  private recordingPartitioner(): ReturnType<ICustomPartitioner> {
    const choose = Partitioners.DefaultPartitioner();
    return (args) => {
      const partition = this.partitionOf.get(args.message) ?? choose(args);
      this.partitionOf.set(args.message, partition);
      return partition;
    };
  }

  private forget(producer: Producer): void {
    if (this.producer === producer) this.producer = null;
    producer.disconnect().catch(() => undefined);
  }
}
