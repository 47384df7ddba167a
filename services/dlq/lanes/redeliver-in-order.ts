import { type Collection, ObjectId } from "mongodb";
import { WeirError } from "../../../schemas/errors";
import type { LaneFront } from "../../../schemas/lane";
import type { ItemResult } from "../item-result";
import type { Letter } from "../letter";
import { type RetryPorts, redeliverClaimed } from "../retry";
import { follow } from "./follow";
import { frontOf } from "./fronts";
import { outliveFront } from "./outlive-front";

/** Throws WEIR_DEAD_LETTER_PARKED for a letter that is not the first of its lane. */
export async function assertFirst(collection: Collection<Letter>, id: string): Promise<void> {
  const _id = new ObjectId(id);
  const letter = await collection.findOne(
    { _id, open: true },
    { projection: { status: 1, lane: 1, lane_offset: 1 } },
  );
  const front = letter && (await frontOf(collection, letter));
  if (front) throw parkedBehind(letter, front);
}

/**
 * Hands a claimed letter over if nothing of its lane stands in front of it; when it was handled, those that were parked behind
 * it follow. Otherwise as `redeliverClaimed`; throws WEIR_DEAD_LETTER_PARKED too.
 */
export async function redeliverInOrder(
  ports: RetryPorts,
  letter: Letter,
  putBack: () => Promise<unknown>,
): Promise<ItemResult> {
  const { lane } = letter;
  if (lane === undefined) return redeliverClaimed(ports, letter, putBack);
  const front = await frontOf(ports.collection, letter);
  if (front) {
    await putBack();
    throw parkedBehind(letter, front);
  }
  const result = await redeliverClaimed(ports, letter, putBack);
  if (result.ok) return { ...result, followed: await follow(ports, lane) };
  await outliveFront(ports, letter);
  return result;
}

export function parkedBehind({ _id, status }: Pick<Letter, "_id" | "status">, front: LaneFront): WeirError {
  const id = _id.toHexString();
  const message = `Dead letter ${id} waits behind ${front.id}, of an earlier event of the same Kafka key: retry that one, and this one follows; or discard it first.`;
  return new WeirError("WEIR_DEAD_LETTER_PARKED", message, { id, status, front: front.id });
}
