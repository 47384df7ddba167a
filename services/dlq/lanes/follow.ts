import { randomUUID } from "node:crypto";
import type { Collection } from "mongodb";
import { PARKED } from "../../../schemas/lane";
import { claimLetter, releaseLetter } from "../claim";
import { failedItem } from "../item-result";
import type { Letter } from "../letter";
import { type RetryPorts, redeliverClaimed } from "../retry";
import { findFronts, frontOf } from "./fronts";
import { outliveFront } from "./outlive-front";

/** Letters that follow one that was retried, at most; the rest is taken up by a later look. */
const MOST_AT_ONCE = 1_000;

/**
 * Hands over the first letter of a lane, and the next, in order, as long as each was parked and what stood in front of it was
 * handled. It ends at one that fails, that somebody else has in hand, or that is for a person → how many were handled.
 */
export async function follow(ports: RetryPorts, lane: string): Promise<number> {
  let handled = 0;
  while (handled < MOST_AT_ONCE) {
    const next = await firstParked(ports.collection, lane);
    if (!next || (ports.mayFollow && !(await ports.mayFollow()))) break;
    if (!(await handOver(ports, next._id.toHexString()))) break;
    handled += 1;
  }
  return handled;
}

/** The first open letter of a lane, where it was parked behind something that has been handled meanwhile. */
async function firstParked(collection: Collection<Letter>, lane: string): Promise<Letter | null> {
  const [front] = await findFronts(collection, [lane]);
  if (!front) return null;
  const letter = await collection.findOne({ lane, lane_offset: front.offset, open: true, reason: PARKED });
  if (letter?.behind === undefined) return null;
  // Of those in front of it that were closed as the first of the lane, the last one decides. Its own earlier letter may be it.
  const inFront = { lane, open: false, lane_offset: { $gte: letter.behind, $lte: front.offset } };
  const [last] = await collection
    .find({ ...inFront, $or: [{ status: "retried" }, { front_discarded: true }] } as object)
    .sort({ lane_offset: -1, _id: -1 })
    .limit(1)
    .toArray();
  return last?.status === "retried" ? letter : null;
}

async function handOver(ports: RetryPorts, id: string): Promise<boolean> {
  const { collection, followed } = ports;
  let letter: Letter;
  try {
    letter = await claimLetter(collection, id, randomUUID(), ports.now());
  } catch {
    // Somebody else has it, and goes on with what is behind it.
    return false;
  }
  const putBack = () => releaseLetter(collection, letter);
  if (await frontOf(collection, letter)) {
    await putBack();
    return false;
  }
  const result = await redeliverClaimed(ports, letter, putBack).catch((error: Error) =>
    failedItem(id, error),
  );
  followed?.set(id, result);
  if (!result.ok) await outliveFront(ports, letter);
  return result.ok;
}
