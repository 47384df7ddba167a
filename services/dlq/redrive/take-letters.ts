import type { BulkWriteOperation, Collection, ObjectId } from "mongodb";
import type { RedeliveryResult } from "../../../schemas/redelivery";
import { CLAIM_MS, MAX_HISTORY, NO_CLAIM } from "../claim";
import type { Letter, LetterTtl } from "../letter";
import { closedBy, failedAgain } from "../retry";

/** Who takes letters: the owner of a redrive. */
export interface Taker {
  /** 24 hex digits. */
  job: string;
  epoch: number;
}

/** Written so that of one job the later owner's is the greater text. */
export function tokenOf({ job, epoch }: Taker): string {
  return `redrive/${job}/${String(epoch).padStart(10, "0")}`;
}

/**
 * Takes many open letters at once: those that nobody has, and those that an earlier owner of the same job had in hand →
 * the taken ones, in the order of the ids.
 */
export async function takeLetters(
  letters: Collection<Letter>,
  ids: ObjectId[],
  taker: Taker,
  now: Date,
): Promise<Letter[]> {
  const claim = tokenOf(taker);
  const earlier = { $gte: tokenOf({ ...taker, epoch: 0 }), $lte: claim };
  const free = [
    { claimed_until: { $exists: false } },
    { claimed_until: { $lt: now } },
    { claim: earlier },
  ] as object[];
  await letters.updateMany({ _id: { $in: ids }, open: true, $or: free } as object, {
    $set: { claim, claimed_until: new Date(now.getTime() + CLAIM_MS) },
  });
  const taken = await letters.find({ _id: { $in: ids }, claim, open: true }).toArray();
  const byId = new Map(taken.map((letter) => [letter._id.toHexString(), letter]));
  return ids.flatMap((id) => byId.get(id.toHexString()) ?? []);
}

/** Closes letters that were handled, all in one write; those that somebody else has taken meanwhile stay as they are. */
export async function closeLetters(
  letters: Collection<Letter>,
  handled: Letter[],
  result: "delivered" | "duplicate",
  taker: Taker,
  { ttlDays, at }: { ttlDays: LetterTtl; at: Date },
): Promise<void> {
  if (handled.length === 0) return;
  const entry = { at, action: "retried", result, redrive: taker.job };
  await (letters as Collection).updateMany(takenBy(handled, taker), {
    $set: closedBy(ttlDays, at),
    $unset: { ...NO_CLAIM, next_retry_at: 1 },
    $push: { history: { $each: [entry], $slice: -MAX_HISTORY } },
  });
}

export interface Kept {
  error: { type: string; message: string };
  fingerprint: string;
}

/** Keeps letters that failed again open, each with its new error → these, by the letter's id. */
export async function keepLetters(
  letters: Collection<Letter>,
  failed: { letter: Letter; result: RedeliveryResult }[],
  taker: Taker,
  { ttlDays, at }: { ttlDays: LetterTtl; at: Date },
): Promise<Map<string, Kept>> {
  const kept = new Map<string, Kept>();
  if (failed.length === 0) return kept;
  const writes = failed.map(({ letter, result }) => {
    const { changes, entry } = failedAgain(letter, result, ttlDays, at);
    const error = { type: changes.error.type, message: entry.message };
    kept.set(letter._id.toHexString(), { error, fingerprint: changes.fingerprint });
    return {
      updateOne: {
        filter: { _id: letter._id, claim: tokenOf(taker) },
        update: {
          $set: changes,
          $unset: NO_CLAIM,
          $push: { history: { $each: [{ ...entry, redrive: taker.job }], $slice: -MAX_HISTORY } },
        },
      },
    };
  });
  await (letters as Collection).bulkWrite(writes as BulkWriteOperation<unknown>[], { ordered: false });
  return kept;
}

/** Gives letters back as they were. */
export async function giveBack(letters: Collection<Letter>, taken: Letter[], taker: Taker): Promise<void> {
  if (taken.length === 0) return;
  await (letters as Collection).updateMany(takenBy(taken, taker), { $unset: NO_CLAIM });
}

function takenBy(letters: Letter[], taker: Taker) {
  return { _id: { $in: letters.map(({ _id }) => _id) }, claim: tokenOf(taker) };
}
