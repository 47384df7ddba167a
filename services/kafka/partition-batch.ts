import type { EachBatchPayload, KafkaMessage } from "kafkajs";
import { nextOffset } from "./next-offset";

/** What one fetch brought of one partition, and the only way to move that partition's committed offset. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly KafkaMessage[];
  /** Which join of the group this batch was fetched under: another one means that the partition was assigned anew. */
  readonly join: number;
  /** False once the group rebalances or stops: take no more chunks, finish the one in hand, return. */
  mayGoOn(): boolean;
  /**
   * Commits everything up to and including message `index` of `messages`, and moves the fetch position there.
   * Throws `StaleAssignment` when the partition was assigned anew since the fetch, `CommitFailed` when Kafka refuses.
   */
  commitThrough(index: number, metadata: string): Promise<void>;
  /** Commits the position before the first message, so that the metadata is there before any work is done. */
  commitStart(metadata: string): Promise<void>;
}

/** The work was done under an assignment that is over: whoever owns the partition now does it again. */
export class StaleAssignment extends Error {
  constructor(topic: string, partition: number) {
    super(`${topic}[${partition}] was assigned anew since this batch was fetched`);
    this.name = "StaleAssignment";
  }
}

/** Kafka did not take a commit. What it was to cover is durable; it will be handed over again and absorbed. */
export class CommitFailed extends Error {
  constructor(topic: string, partition: number, cause: unknown) {
    super(
      `Kafka did not take the commit of ${topic}[${partition}]: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
    this.name = "CommitFailed";
  }
}

/** The answers to a commit or a heartbeat that say: the group moves on, with or without this member. */
export const MOVED_ON = new Set(["REBALANCE_IN_PROGRESS", "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID"]);

/** Follows the joins of one consumer; kafkajs stamps commits with its current generation, so the port counts itself. */
export interface Membership {
  join: number;
  /** Set while a heartbeat said that the group rebalances, until the next join. */
  rebalancing: boolean;
}

export function partitionBatch(
  payload: EachBatchPayload,
  membership: Membership,
  interrupted: AbortSignal,
): PartitionBatch {
  const { batch, commitOffsetsIfNecessary, resolveOffset, isRunning } = payload;
  const { topic, partition, messages } = batch;
  const join = membership.join;
  const isOwned = () => membership.join === join;

  async function commit(offset: string, metadata: string): Promise<void> {
    if (!isOwned()) throw new StaleAssignment(topic, partition);
    const partitions = [{ partition, offset, metadata }];
    try {
      await commitOffsetsIfNecessary({ topics: [{ topic, partitions }] });
    } catch (error) {
      if (!MOVED_ON.has(String((error as { type?: unknown }).type)))
        throw new CommitFailed(topic, partition, error);
      membership.rebalancing = true;
      throw new StaleAssignment(topic, partition);
    }
  }

  return {
    topic,
    partition,
    messages,
    join,
    mayGoOn: () => isRunning() && isOwned() && !membership.rebalancing && !interrupted.aborted,
    async commitThrough(index, metadata) {
      const message = messages[index];
      if (!message) throw new RangeError(`no message ${index} in a batch of ${messages.length}`);
      // What follows the last message in its record batch are markers that no consumer is shown:
      // only batch.lastOffset() passes over them.
      const last = index === messages.length - 1 ? batch.lastOffset() : message.offset;
      await commit(nextOffset(last), metadata);
      if (isOwned()) resolveOffset(message.offset);
    },
    async commitStart(metadata) {
      const first = messages[0];
      if (first) await commit(first.offset, metadata);
    },
  };
}
