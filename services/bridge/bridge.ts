import type { Kafka } from "kafkajs";
import type { Logger, ServiceBroker } from "moleculer";
import type { Catalog } from "../../schemas/catalog";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import type { Configuration } from "../../schemas/configuration/configuration";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { DeliverRequest, DeliverResponse } from "../../schemas/delivery";
import { createKafka } from "../kafka/connection";
import { EventProducer } from "../kafka/event-producer";
import { TopicAdmin } from "../kafka/topic-admin";
import type { BreakerChange, BreakerStatus } from "./breaker";
import { connectPatiently } from "./connect-patiently";
import { GroupSupervisor } from "./group-supervisor";
import { HandOver } from "./hand-over";
import { MessageReader } from "./message-reader";
import { plainLetter } from "./plain-letter";
import { Plugins } from "./plugins";
import { type Published, type Publisher, type PublishRequest, publish } from "./publish";
import { type BridgeState, type BridgeStatus, lookAtGroups } from "./status";
import { TopicKeeper } from "./topic-keeper";
import { topicsOf } from "./topics";
import { describe, type Stuck, Watchdog } from "./watchdog";

const RECHECK_TOPICS_MS = 30_000;

/** Everything the bridge service holds: the connections to Kafka, the groups, and what it is at. */
export class Bridge {
  readonly supervisor: GroupSupervisor;
  readonly handOver: HandOver;
  private readonly plugins: Plugins;
  private readonly configuration: Configuration;
  private readonly kafka: Kafka;
  private readonly admin: TopicAdmin;
  private readonly producer: EventProducer;
  private readonly letterProducer: EventProducer;
  private readonly topics: TopicKeeper;
  private readonly reader: MessageReader;
  private readonly watchdog: Watchdog;
  private readonly stopping = new AbortController();
  private phase: "starting" | "running" | "draining" | "stopped" = "starting";
  private published = 0;
  private recheck: NodeJS.Timeout | null = null;

  constructor(
    private readonly broker: ServiceBroker,
    private readonly catalog: Catalog,
    private readonly logger: Logger,
  ) {
    this.configuration = configurationOf(broker);
    this.kafka = createKafka(this.configuration.kafka, logger, (entry) =>
      this.onKafkaLog(entry.log.message, entry.log),
    );
    this.admin = new TopicAdmin(this.kafka);
    this.producer = new EventProducer(this.kafka);
    this.letterProducer = new EventProducer(this.kafka);
    this.plugins = new Plugins(broker, catalog, this.configuration.chunk);
    this.topics = new TopicKeeper(this.admin, this.configuration.topics, logger);
    this.reader = new MessageReader(catalog, () => this.supervisor.groups.size > 1);
    this.supervisor = new GroupSupervisor({
      configuration: this.configuration,
      catalog,
      topics: this.topics,
      logger,
      services: () => this.plugins.registered(),
      runner: {
        kafka: this.kafka,
        admin: this.admin,
        logger,
        read: (message, place) => this.reader.read(message, place),
        chunk: this.configuration.chunk,
        deliver: (request) => this.deliverToGroup(request),
        deadLetter: async (letters) => void (await this.deadLetter(letters)),
        acquire: (request) => this.broker.call("idempotency.acquire", request),
        beginAnew: (request) => this.broker.call("idempotency.beginAnew", request),
        isLocal: (service) => this.plugins.isLocal(service),
        now: () => new Date(),
        breaker: this.configuration.breaker,
        onBreaker: (change, group, status) => this.onBreaker(change, group, status),
      },
    });
    this.handOver = new HandOver({
      configuration: this.configuration,
      catalog,
      logger,
      kafka: this.kafka,
      admin: this.admin,
      plugins: this.plugins,
      producer: this.producer,
      letterProducer: this.letterProducer,
      deadLetter: (letters) => this.deadLetter(letters),
      signal: this.stopping.signal,
    });
    this.watchdog = new Watchdog({
      stuckAfterMs: this.configuration.stuckAfterMs,
      groups: () => lookAtGroups(this.supervisor, this.admin),
      tell: (change, stuck) => this.onStuck(change, stuck),
      rebuild: (group, cause) => this.supervisor.groups.get(group)?.runner.consumer.rebuild(cause),
      now: () => Date.now(),
    });
  }

  /** Waits for Kafka and sees to the topics; rejects with WEIR_KAFKA_REFUSED where waiting would not help. */
  async connect(): Promise<void> {
    await connectPatiently(() => this.admin.connect(), {
      brokers: this.configuration.kafka.brokers,
      signal: this.stopping.signal,
      logger: this.logger,
    });
    const { eventsTopic, mirrorTopic } = this.configuration.dlq;
    const ofLetters = [eventsTopic, mirrorTopic].filter((topic) => topic !== undefined);
    const ofEvents = topicsOf(this.configuration.topics, this.catalog.types());
    await this.topics.ensure([...new Set([...ofEvents, ...ofLetters])]);
  }

  /** Starts a consumer for every plugin that is there; tells `bridge.ready` when all of them have joined. */
  async run(): Promise<void> {
    await this.supervisor.reconcile();
    this.recheck = setInterval(() => void this.supervisor.reconcile(), RECHECK_TOPICS_MS);
    this.watchdog.start();
    await this.supervisor.allJoined();
    if (this.phase !== "starting") return;
    this.phase = "running";
    await this.broker.broadcastLocal("bridge.ready", { groups: [...this.supervisor.groups.keys()].sort() });
  }

  /** Finishes the chunks in hand, commits them, leaves the groups. */
  async drain(): Promise<void> {
    this.phase = "draining";
    this.stopping.abort();
    if (this.recheck) clearInterval(this.recheck);
    this.watchdog.stop();
    await this.supervisor.drain();
  }

  async stop(): Promise<void> {
    if (this.phase !== "draining") await this.drain();
    const connections = [this.producer, this.letterProducer, this.admin];
    await Promise.allSettled(connections.map((connection) => connection.disconnect()));
    this.phase = "stopped";
  }

  async publish(publisher: Publisher, requests: readonly PublishRequest[]): Promise<Published[]> {
    const ports = {
      catalog: this.catalog,
      topics: this.configuration.topics,
      producer: this.producer,
      now: () => new Date(),
    };
    const published = await publish(ports, publisher, requests);
    this.published += published.length;
    return published;
  }

  /** Groups that can be handed dead letters now: their plugin is there, and neither paused nor failing again and again. */
  receiving(): string[] {
    if (this.phase === "draining" || this.phase === "stopped") return [];
    return [...this.plugins.groups().keys()].filter((group) => {
      const supervised = this.supervisor.groups.get(group);
      return !supervised || (!supervised.pausedByHand && supervised.runner.breaker.status.state === "closed");
    });
  }

  /** `lag: false` leaves Kafka out of it: cheap enough for a probe. */
  async status({ lag = true }: { lag?: boolean } = {}): Promise<BridgeStatus> {
    let silence: string[] = [];
    const groups = lag
      ? await this.watchdog.look().catch((error: Error) => {
          silence = [`Kafka does not tell the groups' lags: ${error.message}`];
          return [];
        })
      : [];
    const reasons = [...this.reasons(), ...silence];
    return {
      state: this.stateFor(reasons),
      reasons,
      nodeID: this.broker.nodeID,
      brokers: this.configuration.kafka.brokers,
      published: this.published,
      groups,
    };
  }

  private reasons(): string[] {
    if (this.phase === "starting") return ["the groups have not joined yet", ...this.supervisor.troubles];
    if (this.phase !== "running") return [`the gateway is ${this.phase}`];
    return [...this.supervisor.troubles, ...this.watchdog.troubles];
  }

  private stateFor(reasons: string[]): BridgeState {
    if (this.phase !== "running") return this.phase;
    return reasons.length > 0 ? "degraded" : "ready";
  }

  private deliverToGroup(request: DeliverRequest): Promise<DeliverResponse> {
    const service = this.supervisor.groups.get(request.group)?.plugin.service ?? request.group;
    return this.plugins.deliver(service, request);
  }

  private deadLetter(letters: DeadLetterInput[]): Promise<{ inserted: number; present: number }> {
    return this.broker.call("dlq.put", { letters: letters.map(plainLetter) });
  }

  private onBreaker(change: BreakerChange, group: string, status: BreakerStatus): void {
    if (change === "opened") {
      this.logger.error(
        `Group ${group} is paused: its handler failed ${status.failures_in_a_row} times in a row (${status.kind}). Its circuit breaker tries one event from time to time and closes by itself.`,
      );
    } else {
      this.logger.info(`Group ${group} goes on: its handler works again`);
    }
    this.broker.emit(`bridge.breaker.${change}`, { group, ...status }).catch(() => undefined);
  }

  private onStuck(change: "stuck" | "moving", stuck: Stuck): void {
    if (change === "stuck") this.logger.error(`Stuck: ${describe(stuck)}`);
    else this.logger.info(`Group ${stuck.group} gets on at ${stuck.topic}[${stuck.partition}]`);
    this.broker.emit(`bridge.partition.${change}`, stuck).catch(() => undefined);
  }

  private onKafkaLog(message: string, fields: object): void {
    if (!message.startsWith("Offset out of range")) return;
    const { topic, partition, groupId } = fields as { topic?: string; partition?: number; groupId?: string };
    this.logger.error(
      `Group ${groupId} asked ${topic}[${partition}] for an offset that Kafka does not have: it goes on at the oldest message there is. Where the topic's retention deleted messages before they were read, these are lost to this group; where the topic was made anew, it begins anew.`,
    );
  }
}
