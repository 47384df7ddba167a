import { type ClientSession, ObjectId } from "mongodb";
import type { ClaimDocument } from "../../../schemas/claims";
import type { Entry } from "../chunk";
import type { ChunkRun } from "../chunk-run";
import { claimsOf, type TransactionStore } from "./records";

const DUPLICATE_KEY = 11_000;

/** A key is in another claim that is there already; a handler's own unique index never says this. */
export class KeysTaken extends Error {
  constructor() {
    super("a key of these events is claimed already");
    this.name = "KeysTaken";
  }
}

/**
 * The first write of a transaction: the completed claim of everything that is to be done in it, so that what took effect before
 * is known before a handler is called. → the claim's id; null where no key is claimed.
 */
export async function insertClaim(
  run: ChunkRun,
  store: TransactionStore,
  session: ClientSession,
  entries: Entry[],
): Promise<ObjectId | null> {
  const claim = claimOf(run, store, entries);
  if (claim.n === 0) return null;
  const _id = new ObjectId();
  try {
    await claimsOf(store).insertOne({ _id, ...claim }, { session });
  } catch (error) {
    throw (error as { code?: number }).code === DUPLICATE_KEY ? new KeysTaken() : error;
  }
  return _id;
}

/** Where the time was up before everything was done: the claim holds what was done, and nothing else. → as `insertClaim`. */
export async function narrowClaim(
  run: ChunkRun,
  store: TransactionStore,
  session: ClientSession,
  _id: ObjectId,
  done: Entry[],
): Promise<ObjectId | null> {
  const { keys, n, by, expires_at } = claimOf(run, store, done);
  if (n > 0) {
    await claimsOf(store).updateOne({ _id }, { $set: { keys, n, by, expires_at } }, { session });
    return _id;
  }
  // Two claims without keys would be one to the unique index.
  await claimsOf(store).deleteOne({ _id }, { session });
  return null;
}

function claimOf(
  { request, budget }: ChunkRun,
  store: TransactionStore,
  entries: Entry[],
): Omit<ClaimDocument, "_id"> {
  const { group, topic, partition, epoch, attempt, keep_keys_ms = 1 } = request;
  const keys = entries.flatMap(({ claimKey }) => claimKey ?? []);
  const from = Number(entries[0]?.item.delivery.offset);
  const to = Number(entries.at(-1)?.item.delivery.offset);
  const ttl = Math.max(keep_keys_ms, ...entries.map(({ handler }) => handler.ttl));
  return {
    group,
    keys,
    n: keys.length,
    by: { topic, partition, epoch, attempt, from, to },
    status: "completed",
    // A key lives its whole time from the commit on, which comes within the chunk's budget.
    expires_at: new Date(store.now().getTime() + Math.max(0, budget.remainingMs) + ttl),
  };
}
