import type { Collection } from "mongodb";
import { BOUNDED, boundedRead } from "../../mixins/mongo/bounded-read";
import type { StoredEvent } from "./stored-event";

/** How many events of which types, and from when to when. */
export interface TypeCounts {
  total: number;
  /** By the events' own timestamps; null where there is no event. */
  oldest: Date | null;
  newest: Date | null;
  by_type: { event_type: string; count: number; oldest: Date; newest: Date }[];
}

/** Counts the events that the first stage of the aggregation lets through, the most frequent type first. */
export async function countByType(events: Collection<StoredEvent>, first: object): Promise<TypeCounts> {
  const counted = events
    .aggregate<TypeCounts["by_type"][number]>(
      [
        first,
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
      ],
      BOUNDED,
    )
    .toArray();
  const by_type = await boundedRead(counted);
  const times = by_type.flatMap(({ oldest, newest }) => [oldest.getTime(), newest.getTime()]);
  return {
    total: by_type.reduce((sum, { count }) => sum + count, 0),
    oldest: times.length > 0 ? new Date(Math.min(...times)) : null,
    newest: times.length > 0 ? new Date(Math.max(...times)) : null,
    by_type,
  };
}
