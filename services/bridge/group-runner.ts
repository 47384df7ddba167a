import type { Kafka } from "kafkajs";
import type { Logger } from "moleculer";
import type { Configuration } from "../../schemas/configuration/configuration";
import type { DeliverRequest, DeliverResponse } from "../../schemas/delivery";
import type { Acquired, AcquireRequest, BeginAnewRequest } from "../../schemas/progress";
import type { BatchVerdict } from "../kafka/group-consumer";
import { GroupConsumer } from "../kafka/group-consumer";
import { CommitFailed, type PartitionBatch, StaleAssignment } from "../kafka/partition-batch";
import type { CommittedOffset, TopicAdmin } from "../kafka/topic-admin";
import { Breaker, type BreakerChange, type BreakerSettings, type BreakerStatus } from "./breaker";
import { chunkEnd } from "./chunk-end";
import { type GroupCounts, newCounts } from "./group-counts";
import type { PluginGroup } from "./groups";
import { Lane } from "./lane";
import { type Ownership, takeOwnership, whatKafkaKept } from "./ownership";
import { type PathPorts, takeChunk } from "./path";
import { keepsOrder } from "./strict-order";
import { fitRequest, withRest } from "./transporter-limit";

const DONE: BatchVerdict = { done: true };

export interface RunnerPorts
  extends Omit<PathPorts, "group" | "wants" | "deadLettersRefused" | "keepsOrder"> {
  kafka: Kafka;
  admin: TopicAdmin;
  logger: Logger;
  chunk: Configuration["chunk"];
  acquire(request: AcquireRequest): Promise<Acquired>;
  beginAnew(request: BeginAnewRequest): Promise<void>;
  /** True while the plugin's service runs on this node, so that chunks need not fit a transporter. */
  isLocal(service: string): boolean;
  breaker: BreakerSettings;
  onBreaker(change: BreakerChange, group: string, status: BreakerStatus): void;
}

/** One consumer group at work on this gateway: its consumer, its partitions, its counts, its troubles. */
export class GroupRunner {
  readonly counts: GroupCounts = newCounts();
  readonly lanes = new Map<string, Lane>();
  readonly consumer: GroupConsumer;
  readonly breaker: Breaker;
  /** Set while the consumer itself has trouble with Kafka. */
  consumerTrouble: string | null = null;
  /** Resolves at the group's first join. */
  readonly joined: Promise<void>;
  private readonly path: PathPorts;
  private markJoined: () => void = () => undefined;
  private committed: { join: number; offsets: Promise<CommittedOffset[]> } | null = null;

  constructor(
    readonly plugin: PluginGroup,
    readonly groupId: string,
    readonly topics: string[],
    wants: (eventType: string) => boolean,
    private readonly ports: RunnerPorts,
  ) {
    this.joined = new Promise((resolve) => {
      this.markJoined = resolve;
    });
    this.breaker = new Breaker(ports.breaker, (change, status) =>
      ports.onBreaker(change, plugin.group, status),
    );
    this.path = {
      ...ports,
      group: plugin.group,
      wants,
      deadLettersRefused: plugin.deadLettersRefused,
      ...(plugin.strict.length > 0 && { keepsOrder: (eventType: string) => keepsOrder(plugin, eventType) }),
      deliver: (request) => this.deliver(request),
    };
    this.consumer = new GroupConsumer({
      kafka: ports.kafka,
      groupId,
      topics,
      concurrency: CONCURRENT_PARTITIONS,
      logger: ports.logger,
      handle: (batch) => this.handle(batch),
      metadataFor: (topic, partition, offset) => this.metadataFor(topic, partition, offset),
      onTrouble: (message, error) => this.onConsumerTrouble(message, error),
      onJoined: (assignment) => this.onJoined(assignment),
    });
  }

  /** Lets the chunks in hand end and leaves the group. */
  async stop(): Promise<void> {
    await this.consumer.stop();
    this.markJoined();
  }

  /** Why this group does not get on, one reason each; empty while all is well. */
  get troubles(): string[] {
    const held = [...this.lanes.values()].flatMap(({ name, trouble }) =>
      trouble ? [`${name}: ${trouble}`] : [],
    );
    const { state, kind } = this.breaker.status;
    const broken =
      state === "closed" ? [] : [`its circuit breaker is open, its handler fails again and again (${kind})`];
    return [...(this.consumerTrouble ? [this.consumerTrouble] : []), ...broken, ...held].map(
      (reason) => `group ${this.plugin.group}: ${reason}`,
    );
  }

  /** One fetch of one partition, chunk by chunk; whatever happens is a verdict, only a commit's failure is thrown. */
  private async handle(batch: PartitionBatch): Promise<BatchVerdict> {
    const lane = this.laneOf(batch);
    // Fetched before the group was joined anew: by now the partition may be somebody else's.
    if (!batch.mayGoOn()) return DONE;
    lane.inFlightSince = Date.now();
    lane.inHandTo = -1;
    try {
      const owned = await this.own(lane, batch);
      if (!owned) return DONE;
      let from = 0;
      while (from < batch.messages.length) {
        if (!batch.mayGoOn()) return DONE;
        const breakMs = this.breaker.waitMs();
        if (breakMs > 0) return { done: false, retryInMs: breakMs };
        lane.inFlightSince = Date.now();
        const to = chunkEnd(batch.messages, from, this.limits());
        lane.inHandTo = Number(batch.messages[to - 1]?.offset);
        const report = await takeChunk(this.path, owned, batch, [from, to]);
        this.consumerTrouble = null;
        for (const fate of report.passed) this.counts[fate] += 1;
        const waitMs = report.held ? lane.hold(report, this.ports.logger) : lane.goOn(this.ports.logger);
        if (waitMs > 0) return { done: false, retryInMs: waitMs };
        from += report.passed.length;
        owned.position = Number(batch.messages[from - 1]?.offset) + 1;
      }
      return DONE;
    } catch (error) {
      if (error instanceof StaleAssignment) return this.letGo(lane);
      if (error instanceof CommitFailed) throw error;
      const retryInMs = lane.giveUp(error, this.ports.logger);
      if (lane.owned === null) this.committed = null;
      return { done: false, retryInMs };
    } finally {
      lane.inFlightSince = null;
      this.breaker.giveUp();
    }
  }

  private async deliver(request: DeliverRequest): Promise<DeliverResponse> {
    const max_failures = this.breaker.maxFailures;
    if (this.ports.isLocal(this.plugin.service)) return this.deliverAndRecord({ ...request, max_failures });
    const { items, refused } = fitRequest(request, this.ports.chunk.maxTransporterBytes);
    if (refused) return withRest([refused], request);
    const outcomes = await this.deliverAndRecord({ ...request, max_failures, items });
    return items.length < request.items.length ? withRest(outcomes, request) : outcomes;
  }

  private async deliverAndRecord(request: DeliverRequest): Promise<DeliverResponse> {
    const outcomes = await this.ports.deliver(request);
    this.breaker.record(outcomes);
    return outcomes;
  }

  private letGo(lane: Lane): BatchVerdict {
    lane.owned = null;
    this.committed = null;
    return DONE;
  }

  /** The partition's ownership under this join; null where its topic was made anew, and the consumer is too. */
  private async own(lane: Lane, batch: PartitionBatch): Promise<Ownership | null> {
    const { owned } = lane;
    if (owned?.join === batch.join) {
      const { topic } = batch;
      const kept = whatKafkaKept(owned, batch, await this.ports.admin.committed(this.groupId, [topic]));
      if (kept === "lost") {
        this.beginAgain(topic);
        return null;
      }
      if (kept === "position_only") await batch.commitStart(owned.metadata);
      return owned;
    }
    lane.owned = await takeOwnership(
      {
        group: this.plugin.group,
        committed: () => this.committedAt(batch.join),
        acquire: (request) => this.ports.acquire(request),
        beginAnew: (request) => this.ports.beginAnew(request),
        onBegan: (began, { topic, partition, messages }) => {
          if (began === "first") return;
          this.ports.logger.warn(
            `Group ${this.plugin.group} begins anew at ${topic}[${partition}] offset ${messages[0]?.offset}: its offsets were reset or the topic was made anew since it last committed.`,
          );
        },
      },
      batch,
    );
    return lane.owned;
  }

  /** Looks after partitions that no message comes from: their topic may have been made anew all the same. */
  async checkIdle(): Promise<void> {
    if (this.consumer.state !== "running" || this.lanes.size === 0) return;
    const committed = await this.ports.admin.committed(this.groupId, this.topics);
    for (const { owned, inFlightSince, topic } of this.lanes.values()) {
      if (!owned || inFlightSince !== null || this.consumer.state !== "running") continue;
      if (whatKafkaKept(owned, null, committed) === "lost") return this.beginAgain(topic);
    }
  }

  private beginAgain(topic: string): void {
    for (const lane of this.lanes.values()) lane.owned = null;
    this.committed = null;
    this.consumer.rebuild(
      new Error(`what group ${this.plugin.group} had committed of ${topic} is gone: the topic was made anew`),
    );
  }

  /**
   * Asked once per join: no other member can commit for this one's partitions until the next. A partition that is owned
   * for a second time within one join needs to know what this member itself has committed meanwhile.
   */
  private committedAt(join: number): Promise<CommittedOffset[]> {
    if (this.committed?.join !== join) {
      const offsets = this.ports.admin.committed(this.groupId, this.topics);
      this.committed = { join, offsets };
      offsets.catch(() => {
        this.committed = null;
      });
    }
    return this.committed.offsets;
  }

  /** Of a partition that was not handled under this join yet, what Kafka has: its progress must not lose its name. */
  private async metadataFor(topic: string, partition: number, offset: string): Promise<string | null> {
    const owned = this.lanes.get(`${topic}/${partition}`)?.owned;
    if (owned) return owned.position > Number(offset) ? null : owned.metadata;
    const committed = await this.ports.admin.committed(this.groupId, [topic]);
    const mine = committed.find((known) => known.topic === topic && known.partition === partition);
    return Number(mine?.offset ?? -1) > Number(offset) ? null : (mine?.metadata ?? "");
  }

  private limits() {
    const { maxMessages, maxBytes, maxRemoteBytes } = this.ports.chunk;
    return {
      maxMessages: Math.min(maxMessages, this.breaker.maxMessages),
      maxBytes: this.ports.isLocal(this.plugin.service) ? maxBytes : maxRemoteBytes,
    };
  }

  private laneOf({ topic, partition }: PartitionBatch): Lane {
    const key = `${topic}/${partition}`;
    let lane = this.lanes.get(key);
    if (!lane) {
      lane = new Lane(this.plugin.group, topic, partition);
      this.lanes.set(key, lane);
    }
    return lane;
  }

  private onJoined(assignment: Record<string, number[]>): void {
    this.consumerTrouble = null;
    for (const [key, { topic, partition }] of this.lanes) {
      if (!assignment[topic]?.includes(partition)) this.lanes.delete(key);
    }
    this.markJoined();
  }

  private onConsumerTrouble(message: string, error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error ?? "unknown");
    this.consumerTrouble = `${message} (${cause})`;
    this.ports.logger.warn(`Group ${this.plugin.group}: ${this.consumerTrouble}`);
  }
}

/** Partitions of one group that are worked on side by side; each holds one chunk in memory. */
const CONCURRENT_PARTITIONS = 4;
