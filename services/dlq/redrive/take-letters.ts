import type { BulkWriteOperation, Collection, ObjectId } from "mongodb";
import type { RedeliveryResult } from "../../../schemas/redelivery";
import { leaseOf, NO_CLAIM, settlement, unclaimed } from "../claim";
import type { Letter } from "../letter";
import type { LetterPorts } from "../ports";
import { closedBy, failedAgain, type OutcomePorts } from "../retry";
import { sideBySide } from "./side-by-side";

// What became of a letter so far decides nothing about it any more, and is half of what would be read.
const UNREAD = { projection: { history: 0, error: 0, versions: 0, news: 0, identity: 0, fingerprint: 0 } };

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
 * Takes many open letters, a few writes at once: those that nobody has, and those that an earlier owner of the same job had in hand →
 * the taken ones, in the order of the ids.
 */
export async function takeLetters(
  letters: Collection<Letter>,
  ids: ObjectId[],
  taker: Taker,
  now: Date,
): Promise<Letter[]> {
  const claim = tokenOf(taker);
  const earlier = { claim: { $gte: tokenOf({ ...taker, epoch: 0 }), $lte: claim } };
  const taken = await sideBySide(ids, async (part) => {
    const free = { _id: { $in: part }, open: true, $or: [...unclaimed(now).$or, earlier] } as object;
    await letters.updateMany(free, { $set: leaseOf(claim, now) });
    return letters
      .find({ _id: { $in: part }, claim, open: true }, UNREAD)
      .batchSize(part.length)
      .toArray();
  });
  const byId = new Map(taken.flat().map((letter) => [letter._id.toHexString(), letter]));
  return ids.flatMap((id) => byId.get(id.toHexString()) ?? []);
}

/** Closes letters that were handled, in a few writes at once, and tells of it; those that somebody else has taken meanwhile stay as they are. */
export async function closeLetters(
  ports: LetterPorts,
  handled: Letter[],
  result: "delivered" | "duplicate",
  taker: Taker,
): Promise<void> {
  if (handled.length === 0) return;
  const { changes, entries, news } = closedBy(ports, result, taker.job);
  const matched = await sideBySide(handled, async (part) => {
    const update = settlement(changes, entries, news);
    const { matchedCount } = await (ports.collection as Collection).updateMany(takenBy(part, taker), update);
    return matchedCount;
  });
  const reached = matched.reduce((sum, count) => sum + count, 0);
  const closed = await written(ports.collection, handled, reached, { action: "retried", ...taker });
  for (const letter of closed) ports.tell("retried", letter);
}

export interface Kept {
  error: { type: string; message: string };
  fingerprint: string;
}

/**
 * Keeps letters that failed again open, each with its new error and as its policy says, and tells of those whose policy is used
 * up → the letters, by their ids.
 */
export async function keepLetters(
  ports: OutcomePorts,
  failed: { letter: Letter; result: RedeliveryResult }[],
  taker: Taker,
): Promise<Map<string, Kept>> {
  const kept = new Map<string, Kept>();
  if (failed.length === 0) return kept;
  const exhausted: Letter[] = [];
  const writes = failed.map(({ letter, result }) => {
    const { message, ...outcome } = failedAgain(ports, letter, result, taker.job);
    const { changes, entries, news } = outcome;
    const error = { type: changes.error.type, message };
    kept.set(letter._id.toHexString(), { error, fingerprint: changes.fingerprint });
    if (outcome.exhausted) exhausted.push({ ...letter, ...changes });
    const filter = { _id: letter._id, claim: tokenOf(taker) };
    return { updateOne: { filter, update: settlement(changes, entries, news) } };
  });
  const { matchedCount = 0 } = await (ports.collection as Collection).bulkWrite(
    writes as BulkWriteOperation<unknown>[],
    { ordered: false },
  );
  // All were written, or it is looked up which.
  const missing = failed.length - matchedCount;
  const mark = { action: "retry_failed", ...taker };
  const told = await written(ports.collection, exhausted, exhausted.length - missing, mark);
  for (const letter of told) ports.tell("exhausted", letter);
  return kept;
}

/** Gives letters back as they were. */
export async function giveBack(letters: Collection<Letter>, taken: Letter[], taker: Taker): Promise<void> {
  if (taken.length === 0) return;
  await (letters as Collection).updateMany(takenBy(taken, taker), { $unset: NO_CLAIM });
}

/** Which letters a write has reached: all, unless somebody else had taken some of them when their lease was over. */
async function written(
  letters: Collection<Letter>,
  wanted: Letter[],
  reached: number,
  { action, job }: { action: string; job: string },
): Promise<Letter[]> {
  if (reached === wanted.length) return wanted;
  const found = await letters
    .find(
      {
        _id: { $in: wanted.map(({ _id }) => _id) },
        history: { $elemMatch: { action, redrive: job } },
      } as object,
      { projection: { _id: 1 } },
    )
    .toArray();
  const ids = new Set(found.map(({ _id }) => _id.toHexString()));
  return wanted.filter(({ _id }) => ids.has(_id.toHexString()));
}

function takenBy(letters: Letter[], taker: Taker) {
  return { _id: { $in: letters.map(({ _id }) => _id) }, claim: tokenOf(taker) };
}
