import type { KafkaMessage } from "kafkajs";

/** What one fetch brought of one partition, as kafkajs decoded it; what is not named here goes along untouched. */
export interface FetchedPartition {
  partition: number;
  messages: SharedMessage[];
}

/** A message that several groups of this process are handed: the same object. */
export type SharedMessage = Pick<KafkaMessage, "value" | "offset"> & {
  /** How many groups are still to read it; absent where one alone has it. */
  readers?: number;
  /** What the first of them made of it, for the others. */
  read?: unknown;
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
  /** Since when it goes on without a jump. */
  since: number;
  seen: number;
}

const LIMITS = { bytes: 8 * 1_048_576, ageMs: 2_000, absentMs: 5_000 };
/** What a record takes beside its value: offset, key, headers, and the object itself. */
const MESSAGE_OVERHEAD = 256;

/**
 * Groups of one process that read the same place at about the same time fetch and decode it once: what one was sent is kept for a
 * moment, for those who are on their way there. Nobody waits for anybody: a group that is further behind asks Kafka.
 *
 * A topic that was deleted and made anew has other messages at the same offsets. So what is kept is given only to who has read on
 * without a jump since before it was fetched: whoever joins, starts anew or jumps asks Kafka first.
 */
export class SharedFetches {
  /** By partition and reader. */
  private readonly positions = new Map<string, Map<object, Position>>();
  /** By place; in the order in which they were fetched. */
  private readonly kept = new Map<string, Kept>();
  private bytes = 0;

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
    if (found.length === 0) return this.remember(reader, from, request, await ask(request));
    if (missing.length === 0) return { responses: found };
    // The others' turn must not wait for messages that may not come, nor be passed over while this one is served.
    const rest = { ...request, topics: missing, maxWaitTime: 0, minBytes: 0 };
    const { responses } = this.remember(reader, from, rest, await ask(rest));
    return { responses: [...found, ...responses] };
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
    if (!kept || position?.next !== offset || position.since >= kept.at) return null;
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
    reply: Reply,
  ): Reply {
    const now = this.now();
    for (const { topicName: topic, partitions } of reply.responses) {
      const asked = request.topics.find((one) => one.topic === topic)?.partitions;
      for (const fetched of partitions) {
        const fetchOffset = asked?.find(({ partition }) => partition === fetched.partition)?.fetchOffset;
        if (fetchOffset === undefined) continue;
        const offset = Number(fetchOffset);
        const where = `${from}|${topic}/${fetched.partition}`;
        const readers = this.positions.get(where) ?? new Map<object, Position>();
        this.positions.set(where, readers);
        const before = readers.get(reader);
        const since = before?.next === offset ? before.since : now;
        readers.set(reader, { next: endOf(fetched, offset), since, seen: now });
        this.keep(`${where}/${offset}`, fetched, now, onTheirWay(readers, reader, offset));
      }
    }
    return reply;
  }

  private keep(place: string, fetched: FetchedPartition, at: number, others: number): void {
    // Two that asked at the same time have each their own.
    if (others === 0 || fetched.messages.length === 0 || this.kept.has(place)) return;
    let bytes = 0;
    for (const message of fetched.messages) {
      bytes += MESSAGE_OVERHEAD + (message.value?.length ?? 0);
      message.readers = others + 1;
    }
    this.kept.set(place, { fetched, at, bytes, left: others });
    this.bytes += bytes;
    for (const [oldest, entry] of this.kept) {
      if (this.bytes <= this.limits.bytes) break;
      this.drop(oldest, entry);
    }
  }

  private dropOld(): void {
    const now = this.now();
    for (const [place, entry] of this.kept) {
      if (entry.at > now - this.limits.ageMs) break;
      this.drop(place, entry);
    }
    for (const [where, readers] of this.positions) {
      for (const [reader, { seen }] of readers)
        if (seen <= now - this.limits.absentMs) readers.delete(reader);
      if (readers.size === 0) this.positions.delete(where);
    }
  }

  private drop(place: string, { bytes }: Kept): void {
    this.kept.delete(place);
    this.bytes -= bytes;
  }
}

/** The readers that have yet to come by. */
function onTheirWay(readers: Map<object, Position>, but: object, offset: number): number {
  let count = 0;
  for (const [reader, { next }] of readers) if (reader !== but && next <= offset) count += 1;
  return count;
}

/** The offset behind the last message: where the next fetch begins once all of it is done. */
function endOf({ messages }: FetchedPartition, asked: number): number {
  const last = messages.at(-1);
  return last ? Number(last.offset) + 1 : asked;
}
