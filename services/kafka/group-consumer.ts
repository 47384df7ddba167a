import type { Consumer, EachBatchPayload, Kafka } from "kafkajs";
import type { Logger } from "moleculer";
import { withinLimit } from "../runtime/within-limit";
import { nextOffset } from "./next-offset";
import {
  type Membership,
  MOVED_ON,
  type PartitionBatch,
  partitionBatch,
  StaleAssignment,
} from "./partition-batch";

const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_INTERVAL_MS = 2_000;
const REBALANCE_TIMEOUT_MS = 60_000;
const LIMITS_MS = {
  /** How long a consumer may give no sign of life, and how often that is looked at: one whose crash went unreported neither fetches nor beats. */
  silentJoining: 90_000,
  silentRunning: 120_000,
  check: 5_000,
  /** How long its end is waited for, before another takes its place. */
  close: 10_000,
};
/** A consumer that lived so long did its work: what ended it is not what it begins with. */
const STEADY_MS = 20_000;
const REBUILD_BACKOFF_MS = { first: 500, max: 5_000 };
const FAILURES_BEFORE_REBUILD = 5;
const RETRY_AFTER_FAULT_MS = 1_000;

/** What the handler made of a batch: nothing is left of it, or its partition is to be asked again after a while. */
export type BatchVerdict = { done: true } | { done: false; retryInMs: number };

export interface GroupConsumerOptions {
  kafka: Kafka;
  groupId: string;
  /** Existing topics; every member of a group must name the same ones. */
  topics: string[];
  /** How many partitions are worked on at once. */
  concurrency: number;
  logger: Logger;
  handle(batch: PartitionBatch): Promise<BatchVerdict>;
  /**
   * What a commit of `offset` over nothing but markers carries as metadata: what the partition's last commit carried.
   * Null where more than that is committed already.
   */
  metadataFor(topic: string, partition: number, offset: string): Promise<string | null>;
  onTrouble(message: string, error: unknown): void;
  onJoined(assignment: Record<string, number[]>): void;
  /** Other limits than the usual ones. */
  limitsMs?: Partial<typeof LIMITS_MS>;
}

export type ConsumerState = "connecting" | "joining" | "running" | "rebuilding" | "stopped";

/**
 * A member of one consumer group that stays alive: kafkajs gives a consumer up for good on many errors, so a dead
 * one is replaced by a new one. Offsets move only through `PartitionBatch.commitThrough`.
 */
export class GroupConsumer {
  state: ConsumerState = "connecting";
  assignment: Record<string, number[]> = {};
  private consumer: Consumer | null = null;
  private readonly membership: Membership = { join: 0, rebalancing: false };
  private readonly retryTimers = new Map<string, NodeJS.Timeout>();
  private paused = false;
  private stopping = false;
  private failures = 0;
  private lastSign = Date.now();
  private endCurrent: ((cause: unknown) => void) | null = null;
  private life: Promise<void> | null = null;

  private readonly limitsMs: typeof LIMITS_MS;

  constructor(private readonly options: GroupConsumerOptions) {
    this.limitsMs = { ...LIMITS_MS, ...options.limitsMs };
  }

  start(): void {
    this.life ??= this.live();
  }

  /** Waits for the batches in hand, leaves the group, disconnects. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.forgetRetries();
    // Stopping first and disconnecting after is the order in which batches in hand may still commit.
    await this.consumer?.stop().catch(() => undefined);
    this.endCurrent?.(null);
    await this.life;
    this.state = "stopped";
  }

  /** Asks again now for what waits for its turn to be retried. */
  retryNow(): void {
    this.forgetRetries();
    if (!this.paused && this.state === "running") {
      this.consumer?.resume(this.options.topics.map((topic) => ({ topic })));
    }
  }

  /** Ends the consumer: a new one joins, and begins where Kafka's committed offsets say. */
  rebuild(cause: Error): void {
    if (this.state === "running") this.endCurrent?.(cause);
  }

  /** Keeps the group's partitions, fetches nothing. */
  pause(): void {
    this.paused = true;
    this.applyPause();
  }

  resume(): void {
    this.paused = false;
    this.retryNow();
  }

  private forgetRetries(): void {
    for (const timer of this.retryTimers.values()) clearTimeout(timer);
    this.retryTimers.clear();
  }

  private applyPause(): void {
    if (this.paused && this.state === "running") {
      this.consumer?.pause(this.options.topics.map((topic) => ({ topic })));
    }
  }

  private async live(): Promise<void> {
    let backoff = REBUILD_BACKOFF_MS.first;
    while (!this.stopping) {
      const began = Date.now();
      const cause = await this.liveOnce();
      if (this.stopping) break;
      this.state = "rebuilding";
      this.assignment = {};
      this.options.onTrouble(`consumer of ${this.options.groupId} ended, a new one takes its place`, cause);
      // One that ends again and again, soon after its join, would keep the group's other members from their work too.
      const lived = Date.now() - began > STEADY_MS;
      backoff = lived ? REBUILD_BACKOFF_MS.first : Math.min(backoff * 2, REBUILD_BACKOFF_MS.max);
      await this.interruptibleDelay(backoff);
    }
  }

  /** One consumer from connect to its end; resolves with what ended it. */
  private async liveOnce(): Promise<unknown> {
    const { kafka, groupId } = this.options;
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxBytesPerPartition: 1_048_576,
      maxBytes: 8_388_608,
      minBytes: 1,
      maxWaitTimeInMs: 500,
      allowAutoTopicCreation: false,
      metadataMaxAge: 30_000,
      // Rebuilding is this class's own work: one way, whatever the error was.
      retry: { restartOnFailure: async () => false, retries: 6, initialRetryTime: 200, maxRetryTime: 3_000 },
    });
    this.consumer = consumer;
    this.forgetRetries();
    this.failures = 0;
    this.state = "connecting";
    const ended = new Promise<unknown>((resolve) => {
      this.endCurrent = resolve;
    });
    this.observe(consumer);
    const watchdog = this.watchSilence();
    try {
      // A stop must not wait for a connection that is being tried again and again.
      return await Promise.race([ended, this.consume(consumer).then(() => ended)]);
    } catch (error) {
      return error;
    } finally {
      clearInterval(watchdog);
      // Nothing that this consumer fetched may commit any more.
      this.membership.join += 1;
      await withinLimit(consumer.disconnect(), this.limitsMs.close).catch(() => undefined);
      this.consumer = null;
    }
  }

  private async consume(consumer: Consumer): Promise<void> {
    const { topics, concurrency } = this.options;
    await consumer.connect();
    // Always from the beginning: an offset that Kafka no longer has would otherwise be skipped to the end.
    await consumer.subscribe({ topics, fromBeginning: true });
    // One that is disconnected while it connects would go on to join.
    if (this.stopping || this.consumer !== consumer) return;
    this.state = "joining";
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency,
      eachBatch: (payload) => this.eachBatch(consumer, payload),
    });
  }

  /** What a consumer says after another has taken its place is not heard. */
  private observe(consumer: Consumer): void {
    const whileCurrent =
      <Event>(listener: (event: Event) => void) =>
      (event: Event) => {
        if (this.consumer === consumer) listener(event);
      };
    const { HEARTBEAT, FETCH, GROUP_JOIN, REBALANCING, CRASH, END_BATCH_PROCESS } = consumer.events;
    const sign = () => {
      this.lastSign = Date.now();
    };
    consumer.on(
      HEARTBEAT,
      whileCurrent(() => {
        sign();
        // The coordinator takes this member's heartbeats: there is no rebalance, whatever an earlier error looked like.
        this.membership.rebalancing = false;
      }),
    );
    consumer.on(FETCH, whileCurrent(sign));
    consumer.on(
      GROUP_JOIN,
      whileCurrent(({ payload }) => {
        sign();
        this.membership.join += 1;
        this.membership.rebalancing = false;
        this.assignment = payload.memberAssignment;
        this.state = "running";
        this.applyPause();
        this.options.onJoined(payload.memberAssignment);
      }),
    );
    consumer.on(
      REBALANCING,
      whileCurrent(() => {
        this.membership.rebalancing = true;
      }),
    );
    consumer.on(
      CRASH,
      whileCurrent(({ payload }) => this.endCurrent?.(payload.error)),
    );
    consumer.on(
      END_BATCH_PROCESS,
      whileCurrent(({ payload }) => this.passOverMarkers(consumer, payload)),
    );
  }

  /** A fetch of nothing but transaction markers or compacted records never reaches eachBatch: committed here. */
  private async passOverMarkers(
    consumer: Consumer,
    batch: { topic: string; partition: number; batchSize: number; lastOffset: string },
  ): Promise<void> {
    if (batch.batchSize > 0) return;
    const { topic, partition } = batch;
    const { join } = this.membership;
    try {
      const offset = nextOffset(batch.lastOffset);
      const metadata = await this.options.metadataFor(topic, partition, offset);
      if (metadata === null || this.membership.join !== join) return;
      await consumer.commitOffsets([{ topic, partition, offset, metadata }]);
    } catch (error) {
      // The next message of the partition is committed together with them.
      this.options.onTrouble(`could not commit over the markers of ${topic}[${partition}]`, error);
    }
  }

  /** Never throws: kafkajs ends the consumer for good on an error of the language's own kinds. */
  private async eachBatch(consumer: Consumer, payload: EachBatchPayload): Promise<void> {
    const { topic, partition } = payload.batch;
    if (this.consumer !== consumer || this.paused || this.retryTimers.has(`${topic}/${partition}`)) return;
    const interrupted = new AbortController();
    const heartbeats = this.beatWhileWorking(payload, interrupted);
    try {
      const batch = partitionBatch(payload, this.membership, interrupted.signal);
      const verdict = await this.options.handle(batch);
      // A handler that hung for longer than its consumer lived.
      if (this.consumer !== consumer) return;
      this.failures = 0;
      if (!verdict.done) this.retryLater(payload, verdict.retryInMs);
    } catch (error) {
      if (error instanceof StaleAssignment || this.consumer !== consumer) return;
      this.options.onTrouble(`${topic}[${partition}] could not go on`, error);
      this.failures += 1;
      // A coordinator that moved can leave a consumer that fetches for ever and never commits.
      if (this.failures >= FAILURES_BEFORE_REBUILD) this.endCurrent?.(error);
      else this.retryLater(payload, RETRY_AFTER_FAULT_MS);
    } finally {
      clearInterval(heartbeats);
    }
  }

  /** A heartbeat that fails ends the batch after the chunk in hand; only the group's own word is a rebalance. */
  private beatWhileWorking(payload: EachBatchPayload, interrupted: AbortController): NodeJS.Timeout {
    return setInterval(() => {
      payload.heartbeat().catch((error: { type?: string }) => {
        interrupted.abort();
        if (MOVED_ON.has(String(error.type))) this.membership.rebalancing = true;
      });
    }, HEARTBEAT_INTERVAL_MS / 2);
  }

  private retryLater(payload: EachBatchPayload, delayMs: number): void {
    // A paused group stays so: pausing one partition would lift the pause of its whole topic.
    if (this.stopping || this.paused) return;
    const key = `${payload.batch.topic}/${payload.batch.partition}`;
    const resume = payload.pause();
    this.retryTimers.set(
      key,
      setTimeout(() => {
        this.retryTimers.delete(key);
        if (!this.paused) resume();
      }, delayMs),
    );
  }

  private watchSilence(): NodeJS.Timeout {
    const { silentJoining, silentRunning, check } = this.limitsMs;
    this.lastSign = Date.now();
    return setInterval(() => {
      const silentMs = Date.now() - this.lastSign;
      const limit = this.state === "running" ? silentRunning : silentJoining;
      if (silentMs > limit) this.endCurrent?.(new Error(`no sign of life for ${silentMs} ms`));
    }, check);
  }

  private interruptibleDelay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.endCurrent = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
