import type { KafkaMessage } from "kafkajs";

/** What one fetch brought of one partition, as kafkajs decoded it; what is not named here goes along untouched. */
export interface FetchedPartition {
  partition: number;
  messages: SharedMessage[];
}

/** A message that several groups of this process are handed: the same object. */
export type SharedMessage = Pick<KafkaMessage, "value" | "offset" | "headers"> & {
  key?: KafkaMessage["key"];
  /** How many groups are still to read it; absent where one alone has it. */
  readers?: number;
  /** What the first of them made of it, for the others of its gateway. */
  read?: unknown;
  readBy?: object;
};

interface AskedPartition {
  partition: number;
  /** Where to begin, decimal. */
  fetchOffset: string;
  maxBytes: number;
}

export interface FetchRequest {
  maxWaitTime?: number;
  minBytes?: number;
  isolationLevel?: number;
  topics: { topic: string; partitions: AskedPartition[] }[];
}

export interface FetchReply {
  responses: { topicName: string; partitions: FetchedPartition[] }[];
}

interface Kept {
  fetched: FetchedPartition;
  at: number;
  bytes: number;
  /** How many others may still ask for it. */
  left: number;
}

/** How far one consumer has read one partition. */
interface Position {
  /** Where its next fetch begins if it just goes on. */
  next: number;
  /** When it was handed the first message of those that it has read without a jump; Infinity before. */
  since: number;
  seen: number;
}

const LIMITS = { bytes: 8 * 1_048_576, ageMs: 2_000, absentMs: 5_000 };
/**
 * The part of a fetch's limit that it must have brought to be kept: of a backlog it brings all of it. Who is handed the small
 * fetches of another one by one never catches up, where Kafka would give it everything at once.
 */
const LEAST_SHARE = 1 / 4;
/** What a record takes beside its value: offset, key, headers, and the object itself. */
const MESSAGE_OVERHEAD = 256;

/**
 * Groups of one process that read the same place at about the same time fetch and decode it once: what one was sent is kept for a
 * moment, for those who are on their way there. Nobody waits for anybody: a group that is further behind asks Kafka.
 *
 * A topic that was deleted and made anew has other messages at the same offsets, from 0 on. So what is kept is given only to who has
 * read on without a jump since before it was asked for, and was handed a message on the way: who goes on at 1 or more is not at the
 * beginning of a new topic. Whoever joins, jumps or was refused asks Kafka first.
 */
export class SharedFetches {
  /** By partition and reader. */
  private readonly positions = new Map<string, Map<object, Position>>();
  /** By place; in the order in which they were fetched. */
  private readonly kept = new Map<string, Kept>();
  /** How much is kept at the moment. */
  keptBytes = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits = LIMITS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Answers a fetch of `reader`'s from what is kept, and the rest of it, if any, by asking `cluster`. */
  async fetch<Reply extends FetchReply>(
    reader: object,
    cluster: string,
    request: FetchRequest,
    ask: (request: FetchRequest) => Promise<Reply>,
  ): Promise<Reply | FetchReply> {
    this.dropOld();
    const from = `${cluster}|${request.isolationLevel}`;
    const { found, missing } = this.look(reader, from, request);
    if (found.length === 0) return this.ask(reader, from, request, ask);
    if (missing.length === 0) return { responses: found };
    // The others' turn must not wait for messages that may not come, nor be passed over while this one is served.
    const rest = { ...request, topics: missing, maxWaitTime: 0, minBytes: 0 };
    const { responses } = await this.ask(reader, from, rest, ask);
    return { responses: [...found, ...responses] };
  }

  private async ask<Reply extends FetchReply>(
    reader: object,
    from: string,
    request: FetchRequest,
    ask: (request: FetchRequest) => Promise<Reply>,
  ): Promise<Reply> {
    const at = this.now();
    try {
      return this.remember(reader, from, request, at, await ask(request));
    } catch (error) {
      // It may join anew with the same connection, and go on elsewhere.
      for (const { topic, partitions } of request.topics)
        for (const { partition } of partitions)
          this.positions.get(`${from}|${topic}/${partition}`)?.delete(reader);
      throw error;
    }
  }

  private look(reader: object, from: string, { topics }: FetchRequest) {
    const found: FetchReply["responses"] = [];
    const missing: FetchRequest["topics"] = [];
    for (const { topic, partitions } of topics) {
      const hits: FetchedPartition[] = [];
      const others: AskedPartition[] = [];
      for (const asked of partitions) {
        const hit = this.take(reader, `${from}|${topic}/${asked.partition}`, Number(asked.fetchOffset));
        if (hit) hits.push(hit);
        else others.push(asked);
      }
      if (hits.length > 0) found.push({ topicName: topic, partitions: hits });
      if (others.length > 0) missing.push({ topic, partitions: others });
    }
    return { found, missing };
  }

  private take(reader: object, where: string, offset: number): FetchedPartition | null {
    const place = `${where}/${offset}`;
    const kept = this.kept.get(place);
    const position = this.positions.get(where)?.get(reader);
    if (!kept || position?.next !== offset || position.since >= kept.at || !this.isHere(position))
      return null;
    kept.left -= 1;
    if (kept.left === 0) this.drop(place, kept);
    position.next = endOf(kept.fetched, offset);
    position.seen = this.now();
    return kept.fetched;
  }

  private remember<Reply extends FetchReply>(
    reader: object,
    from: string,
    request: FetchRequest,
    at: number,
    reply: Reply,
  ): Reply {
    const now = this.now();
    this.forgetLater();
    for (const { topicName: topic, partitions } of reply.responses) {
      const all = request.topics.find((one) => one.topic === topic)?.partitions;
      for (const fetched of partitions) {
        const asked = all?.find(({ partition }) => partition === fetched.partition);
        if (!asked) continue;
        const offset = Number(asked.fetchOffset);
        const where = `${from}|${topic}/${fetched.partition}`;
        const readers = this.positions.get(where) ?? new Map<object, Position>();
        this.positions.set(where, readers);
        const before = readers.get(reader);
        const next = endOf(fetched, offset);
        const goesOn =
          before?.next === offset && this.isHere(before) && before.since < Number.POSITIVE_INFINITY;
        const since = goesOn ? before.since : next > offset ? now : Number.POSITIVE_INFINITY;
        readers.set(reader, { next, since, seen: now });
        const others = this.onTheirWay(readers, reader, offset);
        if (others > 0) this.keep(`${where}/${offset}`, fetched, at, others, asked.maxBytes * LEAST_SHARE);
      }
    }
    return reply;
  }

  private keep(
    place: string,
    fetched: FetchedPartition,
    at: number,
    others: number,
    leastBytes: number,
  ): void {
    // Whoever asked later knows better.
    const before = this.kept.get(place);
    if (before) this.drop(place, before);
    const bytes = fetched.messages.reduce((sum, message) => sum + bytesOf(message), 0);
    if (bytes < leastBytes || fetched.messages.length === 0) return;
    for (const message of fetched.messages) message.readers = others + 1;
    this.kept.set(place, { fetched, at, bytes, left: others });
    this.keptBytes += bytes;
    for (const [oldest, entry] of this.kept) {
      if (this.keptBytes <= this.limits.bytes) break;
      this.drop(oldest, entry);
    }
  }

  private dropOld(): void {
    const oldest = this.now() - this.limits.ageMs;
    for (const [place, entry] of this.kept) if (entry.at <= oldest) this.drop(place, entry);
  }

  /** Forgets also while nobody fetches any more. */
  private forgetLater(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.dropOld();
      for (const [where, readers] of this.positions) {
        for (const [reader, position] of readers) if (!this.isHere(position)) readers.delete(reader);
        if (readers.size === 0) this.positions.delete(where);
      }
      if (this.positions.size > 0) this.forgetLater();
    }, this.limits.absentMs).unref();
  }

  private isHere({ seen }: Position): boolean {
    return seen > this.now() - this.limits.absentMs;
  }

  /** The readers that have yet to come by. */
  private onTheirWay(readers: Map<object, Position>, but: object, offset: number): number {
    let count = 0;
    for (const [reader, position] of readers)
      if (reader !== but && position.next <= offset && this.isHere(position)) count += 1;
    return count;
  }

  private drop(place: string, { bytes }: Kept): void {
    this.kept.delete(place);
    this.keptBytes -= bytes;
  }
}

/** About what a message holds in memory. */
function bytesOf({ value, key, headers }: SharedMessage): number {
  let bytes = MESSAGE_OVERHEAD + (value?.length ?? 0) + (key?.length ?? 0);
  for (const name in headers)
    for (const header of [headers[name]].flat()) bytes += MESSAGE_OVERHEAD + (header?.length ?? 0);
  return bytes;
}

/** The offset behind the last message: where the next fetch begins once all of it is done. */
function endOf({ messages }: FetchedPartition, asked: number): number {
  const last = messages.at(-1);
  return last ? Number(last.offset) + 1 : asked;
}
