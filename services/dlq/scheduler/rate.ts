import type { Collection } from "mongodb";
import { type DlqState, upserting } from "../state";

/** A second further ahead than this was written by a clock that went wrong. */
const MAX_AHEAD_S = 60;

/**
 * How many of `wanted` letters of a group may be retried in this second, by all gateways together at most `rate`. Clocks that
 * differ share the second of the one that is ahead.
 */
export async function takeRate(
  state: Collection<DlqState>,
  group: string | null,
  { wanted, rate, now }: { wanted: number; rate: number; now: Date },
): Promise<number> {
  const second = Math.floor(now.getTime() / 1_000);
  const kept = { $and: [{ $gte: ["$window", second] }, { $lte: ["$window", second + MAX_AHEAD_S] }] };
  const update = [
    { $set: { used: { $cond: [kept, "$used", 0] }, window: { $cond: [kept, "$window", second] } } },
    { $set: { granted: { $min: [wanted, { $subtract: [rate, { $min: ["$used", rate] }] }] } } },
    { $set: { used: { $add: ["$used", "$granted"] } } },
  ];
  const _id = `rate|${JSON.stringify(group)}`;
  // The typings know neither the pipeline nor the option's name of today.
  const options = { upsert: true, returnDocument: "after" } as object;
  const { value } = await upserting(() => state.findOneAndUpdate({ _id }, update as object, options));
  return value?.granted ?? 0;
}
