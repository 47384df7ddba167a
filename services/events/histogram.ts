import { Errors } from "moleculer";
import type { Collection } from "mongodb";
import { BOUNDED, boundedRead } from "../../mixins/mongo/bounded-read";
import { type EventFilter, queryOf } from "./filter";
import type { StoredEvent } from "./stored-event";

const MINUTE_MS = 60_000;
/** Milliseconds of one interval, and how many of them are shown where no beginning is given. */
const INTERVALS = {
  minute: { ms: MINUTE_MS, shown: 60 },
  hour: { ms: 60 * MINUTE_MS, shown: 24 },
  day: { ms: 24 * 60 * MINUTE_MS, shown: 30 },
} as const;
const MAX_INTERVALS = 10_000;

export const INTERVAL_NAMES = ["minute", "hour", "day"] as const;
export type Interval = (typeof INTERVAL_NAMES)[number];

export interface Histogram {
  interval: Interval;
  from: Date;
  to: Date;
  /** Only where there are events; by time, then by type. `at` is the interval's beginning, in UTC. */
  rows: { at: Date; event_type: string; count: number }[];
}

/** Counts by type and time. Throws a ValidationError for more than 10,000 intervals. */
export async function histogram(
  events: Collection<StoredEvent>,
  { interval, ...filter }: EventFilter & { interval: Interval },
  now: Date,
): Promise<Histogram> {
  const { ms, shown } = INTERVALS[interval];
  const to = filter.to ?? now;
  const from = filter.from ?? new Date(to.getTime() - shown * ms);
  const count = Math.ceil((to.getTime() - from.getTime()) / ms);
  if (count > MAX_INTERVALS) {
    throw new Errors.ValidationError(
      `From ${from.toISOString()} to ${to.toISOString()} there are ${count} intervals of one ${interval}; at most ${MAX_INTERVALS} can be asked for. Choose a longer interval or a shorter time.`,
      "VALIDATION_ERROR",
      [{ type: "intervals", field: "from", message: `At most ${MAX_INTERVALS} intervals.`, actual: count }],
    );
  }
  const since = { $toLong: "$timestamp" };
  // Not the remainder alone: before 1970 it is negative.
  const into = { $mod: [{ $add: [{ $mod: [since, ms] }, ms] }, ms] };
  const counted = events
    .aggregate<Histogram["rows"][number]>(
      [
        { $match: queryOf({ ...filter, from, to }) },
        {
          $group: {
            _id: { at: { $toDate: { $subtract: [since, into] } }, event_type: "$event_type" },
            count: { $sum: 1 },
          },
        },
        { $project: { _id: 0, at: "$_id.at", event_type: "$_id.event_type", count: 1 } },
        { $sort: { at: 1, event_type: 1 } },
      ],
      BOUNDED,
    )
    .toArray();
  return { interval, from, to, rows: await boundedRead(counted) };
}
