import type { Collection, FilterQuery, ObjectId } from "mongodb";
import { leaseOf, NO_CLAIM, unclaimed } from "../claim";
import type { Letter } from "../letter";

/** `null` for messages that were refused before any group was handed them. */
export type LetterGroup = string | null;

function dueAt(now: Date): FilterQuery<Letter> {
  return { status: "scheduled", next_retry_at: { $lte: now } };
}

/** Groups with letters whose time has come. */
export async function groupsDue(collection: Collection<Letter>, now: Date): Promise<LetterGroup[]> {
  const [groups, refused] = await Promise.all([
    collection.distinct("group", dueAt(now)),
    collection.findOne({ ...dueAt(now), group: null } as object, { projection: { _id: 1 } }),
  ]);
  const named = groups.filter((group): group is string => typeof group === "string");
  return refused ? [...named, null] : named;
}

/** Letters of a group that are due and in nobody's hands, those that have waited longest first. */
export async function findDue(
  collection: Collection<Letter>,
  group: LetterGroup,
  now: Date,
  limit: number,
): Promise<ObjectId[]> {
  const free = { ...dueAt(now), ...unclaimed(now), group } as object;
  const found = await collection
    .find(free, { projection: { _id: 1 } })
    .sort({ next_retry_at: 1 })
    .limit(limit)
    .toArray();
  return found.map(({ _id }) => _id);
}

/** Takes those of the letters that are still free, in one write → the ones that are ours. */
export async function claimDue(
  collection: Collection<Letter>,
  ids: ObjectId[],
  claim: string,
  now: Date,
): Promise<ObjectId[]> {
  const free = { _id: { $in: ids }, ...dueAt(now), ...unclaimed(now) } as object;
  await collection.updateMany(free, { $set: leaseOf(claim, now) });
  const mine = await collection.find({ _id: { $in: ids }, claim }, { projection: { _id: 1 } }).toArray();
  const ours = new Set(mine.map(({ _id }) => _id.toHexString()));
  return ids.filter((id) => ours.has(id.toHexString()));
}

/**
 * The letter itself, just before it is handed over. Its lease begins anew, and the retry counts from here on: one that ends
 * the process counts too. null: the claim has run out, or somebody has closed the letter.
 */
export async function takeForRetry(
  collection: Collection<Letter>,
  _id: ObjectId,
  claim: string,
  now: Date,
): Promise<Letter | null> {
  const { value } = await collection.findOneAndUpdate(
    { _id, claim, status: "scheduled" },
    // The typings do not count members that may be absent.
    { $set: leaseOf(claim, now), $inc: { retries: 1 } as object },
    { returnDocument: "after" },
  );
  return value ?? null;
}

/** Gives back what was claimed and not begun. */
export async function releaseDue(
  collection: Collection<Letter>,
  ids: ObjectId[],
  claim: string,
): Promise<void> {
  await (collection as unknown as Collection).updateMany({ _id: { $in: ids }, claim }, { $unset: NO_CLAIM });
}
