import type { Letter } from "../../services/dlq/letter";
import type { StoredEvent } from "../../services/events/stored-event";
import {
  allCommitted,
  createSpace,
  type Effect,
  makeTraffic,
  produce,
  type RawMessage,
  type Space,
  type Traffic,
  waitFor,
  withIdempotentProducer,
} from "../support";
import { type Daemon, SERVICES, startDaemon } from "../support/daemon";
import { daemonEnvironment } from "../support/daemon-environment";
import type { PrivateTestServers } from "../support/private-servers";
import type { Setting } from "./fault";
import { GROUPS, type GroupUnderTest, type OwnEffects } from "./groups";
import { InHand } from "./in-hand";
import type { LetterSeen } from "./letters";

export const TYPES = ["order.placed", "order.paid", "order.shipped", "user.registered"];
const EVENT_COUNT = 4_000;
const CHUNK_MESSAGES = 100;
/** So slow that every group has events in hand at any moment, and no slower: the list is long. */
const HANDLER_MS = 60;
const READY_LIMIT_MS = 60_000;
/** A process that is to end at some step has to start and, after another one's death, to wait for its partitions first. */
const GONE_LIMIT_MS = 60_000;

type StoredSeen = Pick<StoredEvent, "event_id" | "kafka" | "stored_at">;

/** What all faults of a run share. */
export type Stage = Pick<
  PrivateTestServers,
  "kafka" | "mongo" | "brokers" | "startSecondBroker" | "groupTool" | "disk"
>;

export interface GatewayOptions {
  env?: NodeJS.ProcessEnv;
  /** Service files instead of the gateway's own and all plugins. */
  services?: string[];
  config?: string;
}

/** One fault's own topics, groups, database and gateways on the shared servers, and what it has sent. */
export class Scene {
  readonly gateways: Daemon[] = [];
  /** Events of which the ledger asks nothing; a fault adds those that it takes out of Kafka. */
  readonly excused = new Set<string>();
  /** Set by the fault: when its cause was gone, in case that is not when `inject` resolves. */
  endedAt: number | null = null;
  /** Of redrives and replays. */
  readonly inHand: InHand;
  private readonly marks: Map<string, number>[] = [];
  private readonly sent = new Map<string, number>();
  private everyGateway: Daemon[] = [];
  private readonly last: (() => Promise<void>)[] = [];
  private partitions: number | null = null;

  private constructor(
    readonly stage: Stage,
    readonly space: Space,
    readonly traffic: Traffic,
    readonly groups: readonly GroupUnderTest[],
    private readonly fault: Setting,
  ) {
    this.inHand = new InHand(space.db, fault.chunkMessages ?? CHUNK_MESSAGES);
  }

  static async open(stage: Stage, fault: Setting): Promise<Scene> {
    const space = await createSpace();
    const traffic = makeTraffic({
      types: TYPES,
      events: EVENT_COUNT,
      duplicates: 0.1,
      bad: 0.05,
      ...fault.traffic,
    });
    await space.createTopics([...traffic.messages.keys()]);
    return new Scene(stage, space, traffic, fault.groups ?? GROUPS, fault);
  }

  get types(): string[] {
    return [...this.traffic.messages.keys()];
  }

  private get chunkMessages(): number {
    return this.fault.chunkMessages ?? CHUNK_MESSAGES;
  }

  /** Starts a gateway with every plugin; resolves when its groups have joined. */
  async start(options: GatewayOptions = {}): Promise<Daemon> {
    const gateway = this.spawn(options);
    await gateway.logged(/^ready/, { limitMs: READY_LIMIT_MS });
    return gateway;
  }

  /** Starts a gateway and does not wait for it. */
  spawn({ env, services, config }: GatewayOptions = {}): Daemon {
    const plugins = this.groups.flatMap(({ plugin }) => plugin ?? []);
    const gateway = startDaemon({
      args: services ?? [...SERVICES, ...plugins],
      config,
      env: {
        ...daemonEnvironment(this.space.configuration),
        WEIR_CHUNK_MESSAGES: String(this.chunkMessages),
        TEST_HANDLER_MS: String(this.fault.handlerMs ?? HANDLER_MS),
        // One event after the other in each transaction.
        TEST_TX_HANDLER_MS: "2",
        ...this.fault.env,
        ...env,
      },
    });
    endWithThisProcess(gateway);
    this.gateways.push(gateway);
    this.everyGateway.push(gateway);
    return gateway;
  }

  /** Ends a gateway without a warning, and notes what it had in hand. */
  async kill(gateway: Daemon): Promise<void> {
    gateway.kill("SIGKILL");
    await this.gone(gateway);
  }

  /** Waits for a gateway that ends by itself, and notes what it had in hand. */
  async gone(gateway: Daemon): Promise<void> {
    await gateway.exit(GONE_LIMIT_MS);
    this.gateways.splice(this.gateways.indexOf(gateway), 1);
    await this.mark();
  }

  /** The gateway that calls itself so, if it runs. */
  gatewayNamed(nodeID: string): Daemon | undefined {
    return this.gateways.find(({ child }) => nodeID.endsWith(`-${child.pid}`));
  }

  /** Ends a gateway in order → its exit code. */
  async stop(gateway: Daemon): Promise<number | NodeJS.Signals> {
    gateway.kill("SIGTERM");
    const code = await gateway.exit();
    this.gateways.splice(this.gateways.indexOf(gateway), 1);
    return code;
  }

  /** Notes where every group stands: what comes next there may be in somebody's hands now. */
  async mark(): Promise<void> {
    this.marks.push(await this.stand());
  }

  /** → true for what lies, in its partition, where its group has not been yet. */
  async fromHereOn(): Promise<(effect: Effect) => boolean> {
    const stand = await this.stand();
    return ({ group, topic, partition, offset }) =>
      offset >= (stand.get(`${group}/${topic}/${partition}`) ?? 0);
  }

  private async stand(): Promise<Map<string, number>> {
    const stand = new Map<string, number>();
    for (const { group } of this.groups) {
      for (const { topic, partition, committed } of await this.space.groupState(group, this.types)) {
        stand.set(`${group}/${topic}/${partition}`, Math.max(committed, 0));
      }
    }
    return stand;
  }

  /** True where the offset was within the next two chunks at one of the marks. */
  wasInHand(effect: Effect): boolean {
    if (effect.mark !== undefined) return this.inHand.had(effect);
    const { group, topic, partition, offset } = effect;
    const place = `${group}/${topic}/${partition}`;
    return this.marks.some((mark) => {
      const committed = mark.get(place);
      return committed !== undefined && offset >= committed && offset < committed + 2 * this.chunkMessages;
    });
  }

  /** Sends what comes next of the traffic, up to this share of each topic. */
  async send(upTo: number): Promise<void> {
    for (const [type, messages] of this.traffic.messages) {
      const from = this.sent.get(type) ?? 0;
      const to = Math.round(messages.length * upTo);
      if (to > from) await this.produce(type, messages.slice(from, to));
      this.sent.set(type, Math.max(from, to));
    }
  }

  /** From here on events go to the first `partitions` partitions of their topics, by their key. */
  spreadOver(partitions: number): void {
    this.partitions = partitions;
  }

  private async produce(type: string, messages: RawMessage[]): Promise<void> {
    const { partitions, space } = this;
    const placed = messages.map((message) =>
      partitions === null
        ? message
        : { ...message, partition: Number(String(message.key).slice(1)) % partitions },
    );
    await withIdempotentProducer((producer) => produce(space.topic(type), placed, producer));
  }

  /** The events and bad messages of a topic between two shares, as the ledger knows them: ids, and bytes in hex. */
  between(type: string, from: number, to: number): string[] {
    const messages = this.traffic.messages.get(type) ?? [];
    const part = messages.slice(Math.round(messages.length * from), Math.round(messages.length * to));
    return part.map(({ value }) => {
      const hex = Buffer.from(value ?? "").toString("hex");
      return this.traffic.bad.includes(hex) ? hex : JSON.parse(String(value)).event_id;
    });
  }

  /** Sends more messages that cannot be delivered, one after the other. */
  async sendBad(type: string, count: number): Promise<void> {
    const values = Array.from({ length: count }, (_, index) => Buffer.from(`not an event ${index}`));
    this.traffic.bad.push(...values.map((value) => value.toString("hex")));
    await this.produce(
      type,
      values.map((value) => ({ value, partition: 0 })),
    );
  }

  /** Sends the rest of a topic to two partitions at once, to one of them in the opposite order. */
  async sendOpposite(type: string): Promise<void> {
    const rest = this.traffic.messages.get(type)?.slice(this.sent.get(type)) ?? [];
    this.sent.set(type, Number.POSITIVE_INFINITY);
    await Promise.all([
      this.produce(
        type,
        rest.map((message) => ({ ...message, partition: 0 })),
      ),
      this.produce(
        type,
        rest.toReversed().map((message) => ({ ...message, partition: 1 })),
      ),
    ]);
  }

  /** How many effects each group has left so far. */
  async counts(): Promise<Map<string, number>> {
    const { db } = this.space;
    const count = ({ group, effects }: GroupUnderTest) => {
      if (typeof effects === "object") return db.collection(effects.collection).countDocuments({});
      return db.collection(effects).countDocuments(effects === "effects" ? { group } : {});
    };
    return new Map(
      await Promise.all(this.groups.map(async (group) => [group.group, await count(group)] as const)),
    );
  }

  /** Waits until every group has left this many effects since the beginning. */
  async underWay(atLeast = 100): Promise<void> {
    await waitFor(async () => [...(await this.counts()).values()].every((now) => now >= atLeast), {
      what: `every group to leave ${atLeast} effects`,
      limitMs: 60_000,
      everyMs: 20,
    });
  }

  /** Waits until a group has left more effects than now. */
  async getsOn(group: string, limitMs = 60_000): Promise<void> {
    const before = (await this.counts()).get(group) ?? 0;
    await waitFor(async () => ((await this.counts()).get(group) ?? 0) > before, {
      what: `group ${group} to get on from ${before} effects`,
      limitMs,
    });
  }

  /** Waits until every group has committed the end of every topic. */
  async allCommitted(limitMs = 90_000): Promise<void> {
    for (const { group, wants } of this.groups) {
      await allCommitted(this.space, [group], this.types.filter(wants), limitMs);
    }
  }

  /** A group's effects, in the order in which they happened, one by one: there may be more than fit into memory. */
  async *effectsOf({ group, effects }: GroupUnderTest): AsyncGenerator<Effect> {
    if (typeof effects === "object") return yield* this.ownEffects(group, effects);
    if (effects === "effects") return yield* this.inOrder<Effect>("effects", { group }, { at: 1, _id: 1 });
    const fields = { event_id: 1, kafka: 1, stored_at: 1 };
    const stored = this.inOrder<StoredSeen>("events", {}, { stored_at: 1, _id: 1 }, fields);
    for await (const { event_id, kafka, stored_at } of stored) {
      const { topic, partition, key } = kafka;
      const offset = Number(kafka.offset);
      yield { group, event_id, topic, partition, key, offset, at: stored_at.getTime(), redelivered: false };
    }
  }

  private inOrder<T>(name: string, filter: object, $sort: object, $project?: object): AsyncIterable<T> {
    const steps = [{ $match: filter }, ...($project ? [{ $project }] : []), { $sort }];
    return this.space.db.collection(name).aggregate<T>(steps, { allowDiskUse: true });
  }

  /** What is not known of a plugin's own documents, such as its deliveries, is left out of the judgement. */
  private async *ownEffects(group: string, { collection, field }: OwnEffects): AsyncGenerator<Effect> {
    const found: AsyncIterable<{ id: unknown }> = this.space.db
      .collection(collection)
      .aggregate([{ $project: { id: `$${field}` } }]);
    const unknown = { key: null, redelivered: true, topic: "", partition: 0, offset: 0, at: 0 };
    for await (const { id } of found) yield { group, event_id: String(id), ...unknown };
  }

  /** The dead letters, whose bytes are given as `told` gives them. */
  async letters(told = (raw: Buffer) => raw.toString("hex")): Promise<LetterSeen[]> {
    const letters: LetterSeen[] = [];
    for await (const letter of this.space.db.collection<Letter>("dead_letters").find({})) {
      const { group, event_id, reason, raw } = letter;
      letters.push({
        group,
        event_id,
        reason,
        place: `${letter.original_topic}[${letter.partition}] at ${letter.offset} (${letter.identity})`,
        raw: raw === null ? "null" : told(raw.buffer),
      });
    }
    return letters;
  }

  /** The messages of the log lines of all gateways, also of those that are gone. */
  log(): string[] {
    return this.everyGateway.flatMap((gateway) => gateway.log().map(({ level, msg }) => `${level}: ${msg}`));
  }

  /** Everything that the gateways wrote. */
  output(): string {
    return this.everyGateway.map((gateway, index) => `--- gateway ${index}\n${gateway.output()}`).join("\n");
  }

  /** What to end when every gateway has ended. */
  closeLast(close: () => Promise<void>): void {
    this.last.push(close);
  }

  /** Ends the gateways in order and removes what the scene made → the gateways' exit codes. */
  async close(): Promise<(number | NodeJS.Signals)[]> {
    for (const gateway of this.gateways) {
      gateway.kill("SIGCONT");
      gateway.kill("SIGTERM");
    }
    const codes = await Promise.all(
      this.gateways.map((gateway) => gateway.exit().catch(() => "SIGKILL" as const)),
    );
    await Promise.all(this.gateways.map((gateway) => gateway.end()));
    for (const close of this.last) await close();
    await this.space.close();
    return codes;
  }
}

/** A run that is broken off leaves no gateway behind. */
function endWithThisProcess(gateway: Daemon): void {
  const end = () => gateway.kill("SIGKILL");
  process.once("exit", end);
  gateway.child.once("exit", () => process.removeListener("exit", end));
}
