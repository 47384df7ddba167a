import type { Collection } from "mongodb";
import { BOUNDED, boundedRead } from "../../../mixins/mongo/bounded-read";
import type { Letter, LetterStatus } from "../letter";

/** By the time since a letter failed first. */
export const AGES = ["hour", "day", "week", "older"] as const;
export type Age = (typeof AGES)[number];

const HOUR_MS = 3_600_000;

/** How many letters are alike in all of these. */
export interface LetterCount {
  status: LetterStatus;
  open: boolean;
  topic: string;
  /** `-`: a message whose type could not be told. */
  event_type: string;
  /** `-`: refused before any group was handed it. */
  group: string;
  reason: string;
  age: Age;
  count: number;
  oldest: Date;
}

type Named = Pick<Letter, "status" | "open" | "reason"> &
  Partial<Pick<Letter, "event_type" | "group">> & { topic: string; age: Age };

export async function countLetters(collection: Collection<Letter>, now: Date): Promise<LetterCount[]> {
  const since = (ms: number) => ({ $gt: ["$first_failed_at", new Date(now.getTime() - ms)] });
  const longer = { $cond: [since(7 * 24 * HOUR_MS), "week", "older"] };
  const age = { $cond: [since(HOUR_MS), "hour", { $cond: [since(24 * HOUR_MS), "day", longer] }] };
  const fields = { status: "$status", open: "$open", reason: "$reason", topic: "$original_topic" };
  const _id = { ...fields, event_type: "$event_type", group: "$group", age };
  const counted = collection
    .aggregate<{ _id: Named; count: number; oldest: Date }>(
      [{ $group: { _id, count: { $sum: 1 }, oldest: { $min: "$first_failed_at" } } }],
      BOUNDED,
    )
    .toArray();
  return (await boundedRead(counted)).map(
    ({ _id: { event_type = "-", group = "-", ...named }, ...numbers }) => {
      return { ...named, event_type, group, ...numbers };
    },
  );
}
