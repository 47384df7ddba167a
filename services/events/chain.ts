import type { Collection } from "mongodb";
import { BOUNDED, boundedRead } from "../../mixins/mongo/bounded-read";
import { behind, cursorOf } from "./list-events";
import { type EventRecord, eventRecord, type StoredEvent } from "./stored-event";

/** Everything that one correlation id holds together, in the order in which it happened. */
export interface EventChain {
  correlation_id: string;
  total: number;
  /** Of the whole chain; null where nothing is stored. */
  first: Date | null;
  last: Date | null;
  services: string[];
  rows: EventRecord[];
  next_cursor: string | null;
}

const OLDEST_FIRST = { timestamp: 1, _id: 1 } as const;

export async function eventChain(
  events: Collection<StoredEvent>,
  { correlation_id, cursor, pageSize }: { correlation_id: string; cursor?: string; pageSize: number },
): Promise<EventChain> {
  const query = { "metadata.correlation_id": correlation_id };
  const [found, [summary]] = await boundedRead(
    Promise.all([
      events
        .find(cursor === undefined ? query : behind(query, cursor, "$gt"), BOUNDED)
        .sort(OLDEST_FIRST)
        .limit(pageSize + 1)
        .toArray(),
      events
        .aggregate<{ total: number; first: Date; last: Date; services: string[] }>(
          [
            { $match: query },
            {
              $group: {
                _id: null,
                total: { $sum: 1 },
                first: { $min: "$timestamp" },
                last: { $max: "$timestamp" },
                services: { $addToSet: "$metadata.service_name" },
              },
            },
          ],
          BOUNDED,
        )
        .toArray(),
    ]),
  );
  const rows = found.slice(0, pageSize);
  const last = rows.at(-1);
  return {
    correlation_id,
    total: summary?.total ?? 0,
    first: summary?.first ?? null,
    last: summary?.last ?? null,
    services: (summary?.services ?? []).sort(),
    rows: rows.map(eventRecord),
    next_cursor: found.length > pageSize && last ? cursorOf(last) : null,
  };
}
