import type { Collection, Db } from "mongodb";
import type { BatchOutcome } from "../../mixins/event-handler.mixin";
import { canonicalJson } from "../../mixins/idempotency/content";
import { insertNew, insertNewAtOnce } from "../../mixins/mongo-schema/insert-new";
import { COMPLETED, type Delivery, type EventEnvelope } from "../../schemas/delivery";
import { keptFor, type StoredEvent, storedEvent } from "./stored-event";

const DAY_MS = 24 * 3_600_000;
/** The events of a chunk up to here are less than 12 MiB as BSON, whatever is in them: that is less than eight times the JSON. */
const AT_ONCE_BYTES = 1.5 * 1024 * 1024;
/** A chunk's limit counts the messages' values; their keys are stored too. */
const AT_ONCE_KEYS = 1024 * 1024;

export interface StoreOptions {
  ttlDays: number;
  now: Date;
  /** The most bytes of JSON in a chunk of more than one event, as far as this node has cut it. */
  chunkBytes: number;
}

/**
 * Stores a chunk in one write. The unique event_id makes it idempotent: what is there already with the same content is a
 * duplicate, with another content it has failed as `event_id_conflict`. Throws whatever else MongoDB answers.
 */
export async function storeEvents(
  db: Db,
  collection: Collection<StoredEvent>,
  events: readonly EventEnvelope[],
  deliveries: readonly Delivery[],
  { ttlDays, now, chunkBytes }: StoreOptions,
): Promise<BatchOutcome[]> {
  const kept = keptFor(ttlDays * DAY_MS, now);
  const documents = events.map((event, index) => storedEvent(event, deliveries[index] as Delivery, kept));
  const outcomes = new Array<BatchOutcome>(events.length).fill(COMPLETED);
  const keys = deliveries.reduce((length, { key }) => length + (key?.length ?? 0), 0);
  const present =
    chunkBytes <= AT_ONCE_BYTES && keys <= AT_ONCE_KEYS
      ? await insertNewAtOnce(db, collection.collectionName, documents)
      : await insertNew(collection, documents);
  if (present.length === 0) return outcomes;
  const stored = await findStored(
    collection,
    present.flatMap((index) => events[index]?.event_id ?? []),
  );
  for (const index of present) {
    const event = events[index];
    if (event) outcomes[index] = compare(event, stored.get(event.event_id));
  }
  return outcomes;
}

async function findStored(
  collection: Collection<StoredEvent>,
  ids: string[],
): Promise<Map<string, StoredEvent>> {
  const found = await collection.find({ event_id: { $in: ids } }).toArray();
  return new Map(found.map((stored) => [stored.event_id, stored]));
}

function compare(event: EventEnvelope, stored: StoredEvent | undefined): BatchOutcome {
  if (stored && contentOf(stored) === contentOf(event)) return { status: "duplicate" };
  const { event_id, event_type } = event;
  return {
    status: "failed",
    reason: "event_id_conflict",
    error: {
      type: "WEIR_EVENT_ID_CONFLICT",
      message: `An event with the id ${event_id} is stored already, with other content: type ${stored?.event_type}, from ${stored?.kafka.topic}[${stored?.kafka.partition}] offset ${stored?.kafka.offset}. Give every event an id of its own.`,
      details: { event_id, event_type, stored_event_type: stored?.event_type, stored_from: stored?.kafka },
    },
  };
}

/** What makes an event what it is; its time and metadata may differ when a producer sends it again. */
function contentOf({
  event_type,
  event_version,
  aggregate_id,
  payload,
}: EventEnvelope | StoredEvent): string {
  return canonicalJson({ event_type, event_version, aggregate_id, payload });
}
