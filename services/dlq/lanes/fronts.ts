import type { Collection } from "mongodb";
import type { LaneFront } from "../../../schemas/lane";
import type { Letter } from "../letter";

const FIRST = {
  id: { $first: "$_id" },
  event_id: { $first: "$event_id" },
  offset: { $first: "$lane_offset" },
};
/** With the match on `lane` and `open` before it, MongoDB looks at one index entry of each lane, however long that is. */
const IN_ORDER = { $sort: { lane: 1, open: 1, lane_offset: 1 } };

/** The first open letter of each of the lanes that have one. */
export async function findFronts(collection: Collection<Letter>, lanes: string[]): Promise<LaneFront[]> {
  const fronts = await collection
    .aggregate<{ _id: string; id: Letter["_id"]; event_id: string | null; offset: number }>([
      { $match: { lane: { $in: lanes }, open: true } },
      IN_ORDER,
      { $group: { _id: "$lane", ...FIRST } },
    ])
    .toArray();
  return fronts.map(({ _id: lane, id, event_id, offset }) => {
    return { lane, id: id.toHexString(), ...(event_id !== null && { event_id }), offset };
  });
}

/** The first open letter that stands in front of this one; null for the first of its lane. */
export async function frontOf(
  collection: Collection<Letter>,
  { lane, lane_offset }: Pick<Letter, "lane" | "lane_offset">,
): Promise<LaneFront | null> {
  if (lane === undefined || lane_offset === undefined) return null;
  const [front] = await findFronts(collection, [lane]);
  return front && front.offset < lane_offset ? front : null;
}

/** Lanes whose first open letter has a reason; told by the index alone. */
export async function lanesLedBy(collection: Collection<Letter>, reason: string): Promise<string[]> {
  const lanes = await collection
    .aggregate<{ _id: string }>([
      { $match: { lane: { $gt: "" }, open: true } },
      IN_ORDER,
      { $group: { _id: "$lane", reason: { $first: "$reason" } } },
      { $match: { reason } },
    ])
    .toArray();
  return lanes.map(({ _id: lane }) => lane);
}
