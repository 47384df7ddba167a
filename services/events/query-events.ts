import type { Collection, FilterQuery } from "mongodb";
import { findPage } from "../../mixins/mongo-schema/find-page";
import { WeirError } from "../../schemas/errors";
import type { Page, Paging } from "../../schemas/query-params";
import { type EventRecord, eventRecord, type StoredEvent } from "./stored-event";
import { countByType, type TypeCounts } from "./type-counts";

/** Full-text search over type, aggregate, service, user and correlation id: the best match first. */
export async function searchEvents(
  events: Collection<StoredEvent>,
  { text, ...paging }: Paging & { text: string },
): Promise<Page<EventRecord>> {
  const query: FilterQuery<StoredEvent> = { $text: { $search: text } };
  const score = { $meta: "textScore" } as const;
  const found = await findPage(events, query, paging, {
    sort: { score, stored_at: -1 },
    projection: { score },
  });
  return { ...found, rows: found.rows.map(eventRecord) };
}

export async function getEvent(events: Collection<StoredEvent>, event_id: string): Promise<EventRecord> {
  const stored = await events.findOne({ event_id });
  if (stored) return eventRecord(stored);
  throw new WeirError(
    "WEIR_EVENT_NOT_FOUND",
    `No event with the id ${event_id} is stored. It was never accepted, or its time to live is over.`,
    { event_id },
  );
}

export type EventStats = TypeCounts;

export function eventStats(events: Collection<StoredEvent>): Promise<EventStats> {
  // In the order of `type_by_time`, which holds all that is asked for: no document is read.
  return countByType(events, { $sort: { event_type: 1, timestamp: -1 } });
}
