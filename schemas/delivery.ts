import type { Context } from "moleculer";
import type { ClientSession, Collection } from "mongodb";

/** An accepted event: valid against the envelope and against its own type's schema. */
export interface EventEnvelope<Type extends string = string, Payload extends object = object> {
  event_id: string;
  event_type: Type;
  event_version: string;
  /** RFC 3339 */
  timestamp: string;
  aggregate_id?: string;
  metadata: {
    service_name: string;
    service_version: string;
    user_id?: string;
    correlation_id?: string;
    traceparent?: string;
    [extra: string]: unknown;
  };
  payload: Payload;
}

/** The methods of a collection that MongoDB allows within a transaction. */
export type TransactionMethod =
  | "aggregate"
  | "bulkWrite"
  | "countDocuments"
  | "deleteMany"
  | "deleteOne"
  | "distinct"
  | "find"
  | "findOne"
  | "findOneAndDelete"
  | "findOneAndReplace"
  | "findOneAndUpdate"
  | "insertMany"
  | "insertOne"
  | "replaceOne"
  | "updateMany"
  | "updateOne";

/**
 * What a handler of a plugin with `transaction: true` writes through: all of it takes effect together with the event's being
 * done, or none of it does. Usable until the handler returns or its time is up; later calls throw WEIR_TRANSACTION_OVER.
 */
export interface EventTransaction {
  /** A collection of the gateway's database whose reads and writes belong to the transaction. */
  collection<Document extends object = Record<string, unknown>>(
    name: string,
  ): Pick<Collection<Document>, TransactionMethod>;
  /** For what `collection` does not offer. Whoever uses it must not let a call outlive the handler. */
  readonly session: ClientSession;
}

/** What a handler is told about the delivery of one event. */
export interface Delivery {
  /** The Moleculer context of the call that carried the chunk. */
  ctx: Context;
  /** True where an earlier owner of the partition may already have handed this event to the handler. */
  redelivered: boolean;
  /** The replay or redrive that this event comes from; absent for a live event. */
  replay?: string;
  /** 1 for the first run of the handler on this delivery, 2 for its first retry … */
  attempt: number;
  topic: string;
  partition: number;
  /** Kafka offsets are 64-bit: a decimal string. */
  offset: string;
  key: string | null;
  headers: Record<string, string>;
  /** Aborted when the event's timeout has passed or its chunk's budget is used up. */
  signal: AbortSignal;
  /** Only for plugins with `transaction: true`. */
  tx?: EventTransaction;
}

/** The delivery that a plugin with `transaction: true` is given. */
export interface TransactionDelivery extends Delivery {
  tx: EventTransaction;
}

/** The part of a delivery that travels with each event from the bridge to the plugin's node. */
export interface WireDelivery {
  offset: string;
  key: string | null;
  headers: Record<string, string>;
  redelivered: boolean;
  replay?: string;
  /** Where a redriven event came from; for a live one the request's own topic and partition hold. */
  topic?: string;
  partition?: number;
}

export interface DeliverItem {
  event: EventEnvelope;
  delivery: WireDelivery;
}

/** The parameters of a plugin's `deliver` action: one chunk of one partition, in offset order. */
export interface DeliverRequest {
  group: string;
  topic: string;
  /** -1 for a redrive: fenced by the lease of its claim, or by the epoch of its job, which `topic` names then. */
  partition: number;
  /** Raised by every new owner of the partition. */
  epoch: number;
  /** Raised by the owner each time it gives up on a delivery of this partition: what that one claimed may be taken over. */
  attempt: number;
  /** The plugin's side stops after this many failures in a row; absent: it goes through the whole chunk. */
  max_failures?: number;
  /** Only for a plugin on another node: how large the answer may be as JSON, in bytes. Longer errors are cut. */
  max_answer_bytes?: number;
  /** Put before every idempotency key: within it events are handled that were handled outside of it before. */
  scope?: string;
  /** Handled keys are kept this long at least (milliseconds), whatever the handler's own time to live. */
  keep_keys_ms?: number;
  /** Set for a group with handlers that keep order strictly: what is behind a failed event of its Kafka key is parked. */
  park?: true;
  /** By event type: the version that older ones among the items are lifted to before the handler sees them. */
  lift_to?: Record<string, string>;
  items: DeliverItem[];
}

export interface EventFailure {
  /** The stable code of the error. */
  type: string;
  message: string;
  stack?: string;
  details?: Record<string, unknown>;
}

/** What became of one event of a chunk. Every member but `busy` and `not_started` is durable when it is told. */
export type Outcome =
  | { status: "completed" }
  /** The same idempotency key was already handled, or is handled within this chunk. */
  | { status: "duplicate" }
  /** The handler gave up on it: a dead letter is due before the offset may pass. */
  | {
      status: "failed";
      /** `handler_error`, `timeout`, … becomes the dead letter's `reason`. */
      reason: string;
      error: EventFailure;
      /** How often the handler ran. */
      attempts: number;
      /** The idempotency key, part of the dead letter's identity. */
      key: string;
      /** Of a parked event: the offset of the first event that it waits behind. */
      behind?: number;
    }
  /** Another delivery holds its key, or that of an earlier event of the same Kafka key: ask again later. */
  | { status: "busy" }
  /** Not begun within the chunk's budget, or what the handler needs is away (`reason`): ask again. */
  | { status: "not_started"; reason?: string };

/** One for all events: there is nothing to tell them apart by. */
export const COMPLETED = Object.freeze({ status: "completed" }) satisfies Outcome;

/** The answer of `deliver`: one outcome per item, in the items' order. */
export type DeliverResponse = Outcome[];

/** What a plugin's service tells the registry in its Moleculer `metadata.weir`; it travels to every node. */
export interface PluginMetadata {
  /** The version of the wire form that the plugin's node speaks. */
  wire: 1;
  group: string;
  /** Event types and patterns (`order.*`, `**`) that the plugin has a handler for. */
  patterns: string[];
  startFrom: "beginning" | "now";
  /** True where a chunk's effects, claim and progress commit together. */
  transaction: boolean;
  /** Those of the patterns whose events wait behind a failed one of their Kafka key; absent for none. */
  strict?: string[];
  /** True for the one group that dead-letters what no group can be handed. */
  deadLettersRefused: boolean;
}
