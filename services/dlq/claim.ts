import { type Collection, ObjectId } from "mongodb";
import { WeirError } from "../../schemas/errors";
import type { Letter, News } from "./letter";
import { letterNotFound } from "./query";

/** Longer than any delivery takes; when a gateway dies with letters in hand, they are free after it. */
export const CLAIM_MS = 120_000;

/** Holds for a letter that nobody has in hand. Whoever takes letters, one or many, asks for this and writes `leaseOf`. */
export function unclaimed(now: Date): { $or: object[] } {
  return { $or: [{ claimed_until: { $exists: false } }, { claimed_until: { $lt: now } }] };
}

/** The mark of whoever has a letter in hand. */
export function leaseOf(claim: string, now: Date): Pick<Letter, "claim" | "claimed_until"> {
  return { claim, claimed_until: new Date(now.getTime() + CLAIM_MS) };
}

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
    { _id, open: true, ...unclaimed(now) },
    { $set: leaseOf(claim, now) },
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
  throw letterBusy(id, status);
}

export function letterBusy(id: string, status: Letter["status"]): WeirError {
  const message = `Dead letter ${id} is being retried by somebody else; ask again in a moment.`;
  return new WeirError("WEIR_DEAD_LETTER_BUSY", message, { id, status });
}

// The typings of updates know neither optional members nor `$slice`: these two go through an untyped Collection.
export const NO_CLAIM = { claim: 1, claimed_until: 1 } as const;
const MAX_HISTORY = 100;

/** Gives a letter back as it was. */
export async function releaseLetter(collection: Collection<Letter>, { _id, claim }: Letter): Promise<void> {
  await (collection as Collection).updateOne({ _id, claim }, { $unset: NO_CLAIM });
}

/** The update that writes what became of a claimed letter and what Kafka is to be told of it, and takes the claim off it. */
export function settlement(changes: Partial<Letter>, entries: Letter["history"], news: News[] = []) {
  return {
    $set: changes,
    $unset: {
      ...NO_CLAIM,
      ...(!changes.next_retry_at && { next_retry_at: 1 }),
      // Told anew, a day before it expires now.
      ...(changes.expires_at && { expiring_told: 1 }),
    },
    $push: {
      history: { $each: entries, $slice: -MAX_HISTORY },
      ...(news.length > 0 && { news: { $each: news } }),
    },
  };
}

/** Settles one letter. False, and nothing is written, when the claim has run out and somebody else has it. */
export async function settleLetter(
  collection: Collection<Letter>,
  { _id, claim }: Letter,
  ...what: Parameters<typeof settlement>
): Promise<boolean> {
  const { matchedCount } = await (collection as Collection).updateOne({ _id, claim }, settlement(...what));
  return matchedCount === 1;
}
