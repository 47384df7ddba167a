import type { Service } from "moleculer";
import type { Delivery, EventEnvelope, TransactionDelivery } from "../../schemas/delivery";
import type { EventFor } from "../../schemas/event-for";

/** Called with one event; what it returns is ignored, what it throws is a failure. */
export type EventHandler<E, D = Delivery> = (event: E, delivery: D) => unknown;

/** What a batch handler may say of each event, by index. Nothing said: all completed. */
export type BatchOutcome =
  | { status: "completed" }
  | { status: "duplicate" }
  | {
      status: "failed";
      reason: string;
      error: { type: string; message: string; details?: Record<string, unknown> };
    };

// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement is the common one.
export type BatchAnswer = BatchOutcome[] | void;

/** Called with all events of a chunk that it matches, in order. A throw means: find the culprit by splitting. */
export type BatchHandler<E, D = Delivery> = (
  events: E[],
  deliveries: D[],
) => Promise<BatchAnswer> | BatchAnswer;

/** Retries within the delivery, before the event becomes a dead letter. Times in milliseconds. */
export interface RetryPolicy {
  /** How often the handler runs at most. */
  attempts: number;
  base: number;
  factor: number;
  max: number;
}

export type IdempotencyStrategy<E> =
  /** Type and event id: the producer says what is the same event. */
  | "event"
  /** SHA-256 over the event without its id, timestamp and metadata: the same content is the same event. */
  | "content"
  /** The same over the named payload fields alone. */
  | { content: string[] }
  | { custom: (event: E) => string }
  /** No claims: the handler itself must be idempotent. */
  | false;

export interface HandlerOptions<E> {
  /** How many events of different Kafka keys run at once. 8 by default. */
  concurrency?: number;
  /** Milliseconds per event, or per call of a batch handler. 10,000 by default. */
  timeout?: number;
  /** 3 attempts with 100, 200 ms between them by default; false: one attempt. */
  retry?: Partial<RetryPolicy> | false;
  /** `event` by default. */
  idempotency?: IdempotencyStrategy<E>;
  /** Milliseconds that a handled event absorbs its duplicates. One hour by default. */
  ttl?: number;
  /** Instead of the plugin's own `order`. */
  order?: Order;
}

/**
 * What becomes of later events of a Kafka key when one of them has failed for good. `loose`: they are handled. `strict`: they
 * wait behind it in the dead letter queue, and follow it in order. Not for batch handlers.
 */
export type Order = "strict" | "loose";

export type HandlerDefinition<E, D = Delivery> =
  // The impossible member lets TypeScript tell the forms apart, and so know the parameters' types in each.
  | (EventHandler<E, D> & { batch?: undefined })
  | (HandlerOptions<E> & { batch?: false; handler: EventHandler<E, D> })
  | (HandlerOptions<E> & { batch: true; handler: BatchHandler<E, D> });

export interface EventHandlerOptions<Pattern extends string, Transaction extends boolean = boolean> {
  /** The consumer group; the service's name by default. */
  group?: string;
  /** Where a group that has never committed begins. `beginning` by default. */
  startFrom?: "beginning" | "now";
  /** Milliseconds that one chunk may take before its rest is handed over again. 25,000 by default. */
  budget?: number;
  /**
   * Handlers write through `delivery.tx`, and what they write, the claim and the partition's progress commit together:
   * the effect in MongoDB happens exactly once, whatever dies. The function itself may run again after an abort, and what
   * it does elsewhere (a mail, a publish) is not part of it. Events of a chunk run one after the other.
   */
  transaction?: Transaction;
  /** For handlers that do not say it themselves. `loose` by default. */
  order?: Order;
  /** `false`: events of older versions are handed over as they came, and not as their newest version. */
  upcast?: false;
  /** Only for the group that dead-letters what no group can be handed. */
  deadLettersRefused?: boolean;
  /** One handler per event type or pattern; of several that match, the most specific is called. */
  handlers: {
    [P in Pattern]: HandlerDefinition<EventFor<P>, Transaction extends true ? TransactionDelivery : Delivery>;
  } & ThisType<Service>;
}

export const DEFAULTS = {
  startFrom: "beginning",
  order: "loose",
  budget: 25_000,
  concurrency: 8,
  timeout: 10_000,
  retry: { attempts: 3, base: 100, factor: 2, max: 2_000 },
  ttl: 3_600_000,
  /** A transaction must end well before the server ends it (10 s on the embedded server, 60 s by default). */
  transactionTimeout: 5_000,
} as const;

/** A handler with every option settled. */
export interface ResolvedHandler {
  pattern: string;
  matches: (eventType: string) => boolean;
  batch: boolean;
  run: EventHandler<EventEnvelope> | BatchHandler<EventEnvelope>;
  concurrency: number;
  timeout: number;
  retry: RetryPolicy;
  idempotency: IdempotencyStrategy<EventEnvelope>;
  ttl: number;
  strict: boolean;
}
