import type { BrokerOptions, Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { Configuration } from "../../schemas/configuration/configuration";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { LetterMessage } from "../../schemas/letter-message";
import type { Redelivery, RedeliveryBatch, RedeliveryResult } from "../../schemas/redelivery";
import dlq from "../../services/dlq/dlq.service";
import type { putLetters } from "../../services/dlq/put";
import type { Time } from "../../services/dlq/time";
import type { LetterDetails } from "../../services/dlq/view";
import { createBroker } from "./broker";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** A failed event as the bridge puts it. */
export function letterInput(identity: string, changes: Partial<DeadLetterInput> = {}): DeadLetterInput {
  return {
    identity,
    event_id: identity,
    event_type: "order.placed",
    group: "orders",
    reason: "handler_error",
    error: { type: "Error", message: "out of paper" },
    attempts: 3,
    first_failed_at: new Date("2026-01-01T00:00:00Z"),
    original_topic: "order.placed",
    partition: 1,
    offset: "42",
    key: "ord-1",
    headers: { "x.trace": "abc" },
    raw: Buffer.from('{"n":1}'),
    ...changes,
  };
}

/** For `putLetters` where no dlq service runs: kept for a week, told to nobody, left to a person. */
export const BY_HAND: Parameters<typeof putLetters>[2] = {
  ttlDays: 7,
  now: () => new Date(),
  news: () => [],
  plan: () => ({ status: "pending" }),
};

/** One clock for any number of services; it stands still until a test moves it. */
export class TestClock {
  at = Date.parse("2026-03-02T12:00:00Z");

  pass(ms: number): void {
    this.at += ms;
  }

  now(): Date {
    return new Date(this.at);
  }
}

/** The dlq service on a broker of its own, whose chores run when the test says so, and whose bridge is the test's. */
export interface DlqNode {
  broker: ServiceBroker;
  log: string[];
  /** Broker events: name and letter. */
  heard: string[];
  /** What Kafka was sent. */
  sent: LetterMessage[];
  redelivered: Redelivery[];
  redeliver: (letter: Redelivery) => Promise<RedeliveryResult> | RedeliveryResult;
  send: (messages: LetterMessage[]) => Promise<void>;
  receiving: string[];
  /** True as soon as it begins nothing more. */
  draining: boolean;
  put(...letters: DeadLetterInput[]): Promise<unknown>;
  call<T>(action: string, params?: object): Promise<T>;
  /** The letter of an identity, as the collection's `event_id` tells it. */
  get(identity: string): Promise<LetterDetails>;
  /** Runs every chore once. */
  chores(): Promise<void>;
}

export function createDlqNode(
  configuration: Configuration,
  clock: TestClock,
  options: BrokerOptions = {},
): DlqNode {
  const chores: (() => Promise<void>)[] = [];
  const time: Time = {
    now: () => clock.now(),
    random: () => 0.5,
    every: (_ms, work) => {
      chores.push(work);
      return () => {
        node.draining = true;
      };
    },
  };
  const service: ServiceSchema = {
    name: "dlq",
    mixins: [dlq as unknown as ServiceSchema],
    created() {
      this.time = time;
    },
  };
  const bridge: ServiceSchema = {
    name: "bridge",
    actions: {
      redeliver(ctx: Context<{ letter: Redelivery }>) {
        node.redelivered.push(ctx.params.letter);
        return node.redeliver(ctx.params.letter);
      },
      redeliverMany(ctx: Context<RedeliveryBatch>) {
        const { letters } = ctx.params;
        node.redelivered.push(...letters);
        return Promise.all(letters.map((letter) => node.redeliver(letter)));
      },
      receiving: () => node.receiving,
      async sendLetters(ctx: Context<{ messages: LetterMessage[] }>) {
        await node.send(ctx.params.messages);
        node.sent.push(...ctx.params.messages);
      },
    },
  };
  const listener: ServiceSchema = {
    name: "listener",
    events: {
      "dlq.message.*": (ctx: Context<{ event_id: string }>) =>
        void node.heard.push(`${ctx.eventName?.split(".").at(-1)} ${ctx.params.event_id}`),
    },
  };
  const { broker, log } = createBroker(configuration, [service, bridge, listener], options);
  const node: DlqNode = {
    broker,
    log,
    heard: [],
    sent: [],
    redelivered: [],
    redeliver: () => ({ status: "delivered" }),
    send: async () => undefined,
    receiving: ["orders", "mails"],
    draining: false,
    put: (...letters) => broker.call("dlq.put", { letters }),
    call: (action, params = {}) => broker.call(action, params),
    async get(identity) {
      const { rows } = await broker.call<{ rows: { id: string; event_id: string }[] }, object>("dlq.list", {
        pageSize: 500,
      });
      return broker.call("dlq.get", { id: rows.find(({ event_id }) => event_id === identity)?.id ?? "none" });
    },
    async chores() {
      for (const chore of chores) await chore();
    },
  };
  return node;
}

/** So many dlq services on one database and one clock, started. */
export async function startDlqNodes(
  configuration: Configuration,
  clock: TestClock,
  count = 1,
): Promise<DlqNode[]> {
  const nodes = Array.from({ length: count }, () => createDlqNode(configuration, clock));
  try {
    await Promise.all(nodes.map(({ broker }) => broker.start()));
  } catch (error) {
    await Promise.all(nodes.map(({ broker }) => broker.stop()));
    throw error;
  }
  return nodes;
}

/** What a plugin that goes on failing answers. */
export const STILL_FAILED: RedeliveryResult = {
  status: "failed",
  reason: "handler_error",
  error: { type: "Error", message: "still no paper" },
};
