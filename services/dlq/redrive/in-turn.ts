import type { Collection, ObjectId } from "mongodb";
import type { LaneFront } from "../../../schemas/lane";
import { findFronts } from "../lanes/fronts";
import { parkedBehind } from "../lanes/redeliver-in-order";
import type { Letter } from "../letter";
import type { LetterOutcome } from "./job";

/** Letters that wait behind another of their lane, by id. */
export type Behind = Map<string, { letter: Letter; front: LaneFront }>;

/** Which of the letters may be handed over now: all but those with an open letter of the same lane in front of them. */
export async function inTurn(
  collection: Collection<Letter>,
  ids: ObjectId[],
): Promise<{ turn: ObjectId[]; behind: Behind }> {
  const behind: Behind = new Map();
  const ofLanes = { _id: { $in: ids }, open: true, lane: { $exists: true } };
  const projection = { status: 1, lane: 1, lane_offset: 1 };
  const letters = await collection.find(ofLanes as object, { projection }).toArray();
  if (letters.length === 0) return { turn: ids, behind };
  const fronts = await findFronts(collection, [...new Set(letters.flatMap(({ lane }) => lane ?? []))]);
  const frontOf = new Map(fronts.map((front) => [front.lane, front]));
  for (const letter of letters) {
    const front = frontOf.get(letter.lane ?? "");
    if (front && front.offset < (letter.lane_offset ?? 0))
      behind.set(letter._id.toHexString(), { letter, front });
  }
  return { turn: ids.filter((id) => !behind.has(id.toHexString())), behind };
}

/** What to say of those behind: where the front is handed over together with them and did not fail, their turn is still to come. */
export function outcomesBehind(
  behind: Behind,
  ids: ObjectId[],
  outcomes: ReadonlyMap<string, LetterOutcome>,
): Map<string, LetterOutcome> {
  const together = new Set(ids.map((id) => id.toHexString()));
  const said = new Map<string, LetterOutcome>();
  for (const [id, { letter, front }] of behind) {
    if (together.has(front.id) && outcomes.get(front.id)?.result !== "failed") continue;
    const { type, message } = parkedBehind(letter, front);
    said.set(id, { result: "failed", error: { type, message } });
  }
  return said;
}
