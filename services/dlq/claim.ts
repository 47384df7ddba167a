import { type Collection, ObjectId } from "mongodb";
import { WeirError } from "../../schemas/errors";
import type { Letter } from "./letter";
import { letterNotFound } from "./query";

/** Longer than any delivery takes; when a gateway dies with letters in hand, they are free after it. */
export const CLAIM_MS = 120_000;

/**
 * Takes an open letter, so that nobody else retries or discards it meanwhile. Throws WEIR_DEAD_LETTER_NOT_FOUND,
 * WEIR_DEAD_LETTER_CLOSED, or WEIR_DEAD_LETTER_BUSY when somebody has it.
 */
export async function claimLetter(
  collection: Collection<Letter>,
  id: string,
  claim: string,
  now: Date,
): Promise<Letter> {
  const _id = new ObjectId(id);
  const { value } = await collection.findOneAndUpdate(
    { _id, open: true, $or: [{ claimed_until: { $exists: false } }, { claimed_until: { $lt: now } }] },
    { $set: { claim, claimed_until: new Date(now.getTime() + CLAIM_MS) } },
    { returnDocument: "after" },
  );
  if (value) return value;
  const found = await collection.findOne({ _id }, { projection: { status: 1, open: 1, claimed_until: 1 } });
  if (!found) throw letterNotFound(id);
  const { status } = found;
  if (!found.open) {
    const message = `Dead letter ${id} is ${status} already: nothing is left to do.`;
    throw new WeirError("WEIR_DEAD_LETTER_CLOSED", message, { id, status });
  }
  const message = `Dead letter ${id} is being retried by somebody else; ask again in a moment.`;
  throw new WeirError("WEIR_DEAD_LETTER_BUSY", message, { id, status });
}

// The typings of updates know neither optional members nor `$slice`: these two go through an untyped Collection.
export const NO_CLAIM = { claim: 1, claimed_until: 1 } as const;
export const MAX_HISTORY = 100;

/** Gives a letter back as it was. */
export async function releaseLetter(collection: Collection<Letter>, { _id, claim }: Letter): Promise<void> {
  await (collection as Collection).updateOne({ _id, claim }, { $unset: NO_CLAIM });
}

/** Writes what became of a claimed letter. Does nothing when the claim has run out and somebody else has it. */
export async function settleLetter(
  collection: Collection<Letter>,
  { _id, claim }: Letter,
  changes: Partial<Letter>,
  entry: Letter["history"][number],
): Promise<void> {
  const update = {
    $set: changes,
    $unset: changes.open === false ? { ...NO_CLAIM, next_retry_at: 1 } : NO_CLAIM,
    $push: { history: { $each: [entry], $slice: -MAX_HISTORY } },
  };
  await (collection as Collection).updateOne({ _id, claim }, update);
}
