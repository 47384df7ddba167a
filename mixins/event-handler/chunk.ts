import type { Service } from "moleculer";
import type { ClaimResult } from "../../schemas/claims";
import type {
  DeliverItem,
  DeliverRequest,
  DeliverResponse,
  EventEnvelope,
  Outcome,
} from "../../schemas/delivery";
import { WeirRetryableError } from "../../schemas/errors";
import { deepFreeze } from "./deep-freeze";
import { failureOf } from "./failure";
import { idempotencyKey } from "./idempotency-key";
import { laneOf } from "./lane";
import type { ResolvedHandler } from "./options";

/** What the mixin knows of the service it is mixed into. */
export interface Plugin {
  service: Service;
  handlers: ResolvedHandler[];
  budgetMs: number;
  freezeEvents: boolean;
  mongoWasSilentSince(since: number): boolean;
  /** Lifts an event to its newest version as the request tells; throws WEIR_UPCAST_FAILED, WEIR_UNAVAILABLE. */
  lift(request: DeliverRequest, event: EventEnvelope): EventEnvelope;
}

/** One item on its way through the plugin. */
export interface Entry {
  item: DeliverItem;
  handler: ResolvedHandler;
  /** What the event is known by: part of a dead letter's identity. */
  key: string;
  /** The same where it is to be claimed; null where the handler wants no claims. */
  claimKey: string | null;
  redelivered: boolean;
  /** What it keeps its order in; null where what fails holds nothing back. */
  lane: string | null;
  /** The first of its idempotency key in the chunk, whose fate it shares; null for the first itself. */
  repeats: Entry | null;
  outcome: Outcome | undefined;
}

/** The items of one request, and what becomes of each. */
export class Chunk {
  readonly entries: Entry[];
  /** The first item of each key; later ones share its fate. */
  private readonly firstOfKey = new Map<string, Entry>();
  private held: string[] = [];

  private readonly leastTtl: number;

  constructor(plugin: Plugin, request: DeliverRequest) {
    this.leastTtl = request.keep_keys_ms ?? 1;
    this.entries = request.items.map((item) => entryOf(plugin, request, item));
    for (const entry of this.entries) {
      if (entry.claimKey === null) continue;
      const first = this.firstOfKey.get(entry.claimKey);
      if (first) entry.repeats = first;
      else this.firstOfKey.set(entry.claimKey, entry);
    }
  }

  /** The keys to claim, each once. */
  keysToClaim(): string[] {
    return [...this.firstOfKey.keys()];
  }

  /** Duplicates are done with; what is busy waits, and so does what follows it under its Kafka key. */
  sortOut(claimed: ClaimResult): void {
    const duplicates = new Set(claimed.duplicates);
    const busy = new Set(claimed.busy);
    const takenOver = new Set(claimed.redelivered);
    const waiting = new Set<string>();
    this.held = this.keysToClaim().filter((key) => !duplicates.has(key) && !busy.has(key));
    for (const entry of this.entries) {
      const { claimKey, item } = entry;
      const kafkaKey = item.delivery.key;
      const upTo = claimed.redelivered_to ?? -1;
      entry.redelivered ||=
        (claimKey !== null && takenOver.has(claimKey)) || Number(item.delivery.offset) <= upTo;
      if (entry.outcome) continue;
      if (claimKey !== null && duplicates.has(claimKey)) entry.outcome = { status: "duplicate" };
      else if ((claimKey !== null && busy.has(claimKey)) || (kafkaKey !== null && waiting.has(kafkaKey))) {
        entry.outcome = { status: "busy" };
        if (kafkaKey !== null) waiting.add(kafkaKey);
      }
    }
  }

  /** What is to be handled: everything undecided but the second and later of one idempotency key. */
  work(): Entry[] {
    return this.entries.filter(({ outcome, repeats }) => !outcome && repeats === null);
  }

  /** The same up to the first that waits: nothing above it may take effect before it. */
  workInOrder(): Entry[] {
    const waits = this.entries.findIndex(
      ({ outcome }) => outcome?.status === "busy" || outcome?.status === "failed",
    );
    const open = waits === -1 ? this.entries : this.entries.slice(0, waits);
    return open.filter(({ outcome, repeats }) => !outcome && repeats === null);
  }

  /** Leaves out what comes after an event of the same Kafka key that is not done yet. */
  withoutStalled(work: Entry[]): Entry[] {
    const stalled = new Set(
      this.entries
        .filter(({ outcome }) => outcome?.status === "not_started")
        .map(({ item }) => item.delivery.key),
    );
    return work.filter(({ item }) => item.delivery.key === null || !stalled.has(item.delivery.key));
  }

  /** What to tell `idempotency.settle`; null where nothing was claimed. */
  settlement(): { claimed: number; release: string[]; ttl_ms: number } | null {
    if (this.held.length === 0) return null;
    const release: string[] = [];
    let ttl_ms = this.leastTtl;
    for (const key of this.held) {
      const first = this.firstOfKey.get(key);
      const status = first?.outcome?.status;
      if (status !== "completed" && status !== "duplicate") release.push(key);
      else ttl_ms = Math.max(ttl_ms, first?.handler.ttl ?? 1);
    }
    return { claimed: this.held.length, release, ttl_ms };
  }

  /** A repeated key shares its first one's fate: done or dead-lettered makes a duplicate, waiting is waiting. */
  outcomes(): DeliverResponse {
    return this.entries.map(({ outcome, repeats }): Outcome => {
      if (outcome) return outcome;
      if (!repeats?.outcome) return { status: "not_started" };
      const waits = repeats.outcome.status === "busy" || repeats.outcome.status === "not_started";
      return waits ? repeats.outcome : { status: "duplicate" };
    });
  }
}

function entryOf(plugin: Plugin, request: DeliverRequest, item: DeliverItem): Entry {
  const { group, scope } = request;
  const { event, delivery } = item;
  const handler = handlerFor(plugin, event.event_type);
  if (plugin.freezeEvents) deepFreeze(event);
  const { redelivered } = delivery;
  const lane = request.park && handler.strict ? laneIn(request, delivery) : null;
  const entry: Entry = {
    item,
    handler,
    key: "",
    claimKey: null,
    redelivered,
    lane,
    repeats: null,
    outcome: undefined,
  };
  try {
    // By the event as it came: what it is known by must not change with the upcasters.
    entry.key = idempotencyKey(group, handler.idempotency || "event", event, scope);
  } catch (error) {
    // A custom key function that fails is its event's failure, not the chunk's.
    entry.key = idempotencyKey(group, "event", event, scope);
    return failed(entry, "handler_error", error);
  }
  try {
    const lifted = plugin.lift(request, event);
    if (plugin.freezeEvents && lifted !== event) deepFreeze(lifted);
    if (lifted !== event) entry.item = { event: lifted, delivery };
    if (handler.idempotency !== false) entry.claimKey = entry.key;
    return entry;
  } catch (error) {
    if ((error as { type?: string }).type !== "WEIR_UPCAST_FAILED") throw error;
    return failed(entry, "upcast_failed", error);
  }
}

function failed(entry: Entry, reason: string, error: unknown): Entry {
  entry.outcome = { status: "failed", reason, error: failureOf(error), attempts: 0, key: entry.key };
  return entry;
}

function laneIn(request: DeliverRequest, delivery: DeliverItem["delivery"]): string | null {
  const { group, scope } = request;
  const { key, topic = request.topic, partition = request.partition } = delivery;
  return key === null ? null : laneOf({ group, scope, topic, partition, key });
}

function handlerFor(plugin: Plugin, eventType: string): ResolvedHandler {
  const handler = plugin.handlers.find(({ matches }) => matches(eventType));
  if (handler) return handler;
  throw new WeirRetryableError(
    "WEIR_NO_HANDLER",
    `Service ${plugin.service.fullName} has no handler for ${eventType}, though another version of it asked for that type. The event waits until every node hosts one version.`,
    { service: plugin.service.fullName, event_type: eventType },
  );
}
