import type { Collection, FilterQuery } from "mongodb";
import { WeirError } from "../../schemas/errors";
import type { Page, Paging } from "../../schemas/query-params";
import { type EventRecord, eventRecord, type StoredEvent } from "./stored-event";

/** Full-text search over type, aggregate, service, user and correlation id: the best match first. */
export async function searchEvents(
  events: Collection<StoredEvent>,
  { text, page, pageSize }: Paging & { text: string },
): Promise<Page<EventRecord>> {
  const query: FilterQuery<StoredEvent> = { $text: { $search: text } };
  const score = { $meta: "textScore" } as const;
  const [found, total] = await Promise.all([
    events
      .find(query, { projection: { score } })
      .sort({ score, stored_at: -1 })
      .skip((page - 1) * pageSize)
      .limit(pageSize)
      .toArray(),
    events.countDocuments(query),
  ]);
  return { rows: found.map(eventRecord), total, page, pageSize };
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

export interface EventStats {
  total: number;
  /** By the events' own timestamps; null when nothing is stored. */
  oldest: Date | null;
  newest: Date | null;
  by_type: { event_type: string; count: number; oldest: Date; newest: Date }[];
}

export async function eventStats(events: Collection<StoredEvent>): Promise<EventStats> {
  const by_type = await events
    .aggregate<EventStats["by_type"][number]>([
      // In the order of `type_by_time`, which holds all that is asked for: no document is read.
      { $sort: { event_type: 1, timestamp: -1 } },
      {
        $group: {
          _id: "$event_type",
          count: { $sum: 1 },
          oldest: { $min: "$timestamp" },
          newest: { $max: "$timestamp" },
        },
      },
      { $project: { _id: 0, event_type: "$_id", count: 1, oldest: 1, newest: 1 } },
      { $sort: { count: -1, event_type: 1 } },
    ])
    .toArray();
  const times = by_type.flatMap(({ oldest, newest }) => [oldest.getTime(), newest.getTime()]);
  return {
    total: by_type.reduce((sum, { count }) => sum + count, 0),
    oldest: times.length > 0 ? new Date(Math.min(...times)) : null,
    newest: times.length > 0 ? new Date(Math.max(...times)) : null,
    by_type,
  };
}
