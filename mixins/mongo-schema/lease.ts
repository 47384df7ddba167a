import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Db } from "mongodb";
import type { IndexUsage } from "./usage";

/** The mixin's own collection: made only when something exclusive is done. */
export const CHANGES_COLLECTION = "schema_changes";
/** In ms. A process that died holds the others up for so long. */
const LEASE_MS = 15_000;

/** One document for each collection that was rebuilt or pruned. */
export interface SchemaChange {
  _id: string;
  /** Who rebuilds or prunes the collection now: host, process id and a number of its own. */
  owner?: string;
  until?: Date;
  /** Indexes hidden by a prune: since when, and how often they were used before, which hiding makes MongoDB forget. */
  hidden?: HiddenIndex[];
}

export interface HiddenIndex {
  name: string;
  at: Date;
  usage?: IndexUsage;
}

export interface Lease {
  changes: SchemaChange;
  /** False once somebody else may have taken over: then nothing more may be dropped. */
  held(): boolean;
}

/** Runs `work` while nobody else does so for this collection; undefined when somebody else is at it. */
export async function exclusively<T>(
  db: Db,
  collection: string,
  work: (lease: Lease) => Promise<T>,
): Promise<T | undefined> {
  const owner = `${hostname()} ${process.pid} ${randomUUID()}`;
  const changes = await take(db, collection, owner);
  if (!changes) return undefined;
  let heldUntil = performance.now() + LEASE_MS;
  const renew = async () => {
    const asked = performance.now();
    const renewed = await take(db, collection, owner);
    heldUntil = renewed ? asked + LEASE_MS : 0;
  };
  // A renewal that fails is tried again by the next.
  const timer = setInterval(() => void renew().catch(() => undefined), LEASE_MS / 3).unref();
  try {
    return await work({ changes, held: () => performance.now() < heldUntil });
  } finally {
    clearInterval(timer);
    await changesOf(db)
      .updateOne({ _id: collection, owner }, { $unset: { owner: 1, until: 1 } })
      .catch(() => undefined);
  }
}

export function changesOf(db: Db) {
  return db.collection<SchemaChange>(CHANGES_COLLECTION);
}

/** By the server's clock; a lease that is over, or one's own, is taken. */
async function take(db: Db, collection: string, owner: string): Promise<SchemaChange | undefined> {
  const free = {
    $or: [{ $lt: [{ $ifNull: ["$until", new Date(0)] }, "$$NOW"] }, { $eq: ["$owner", owner] }],
  };
  const update = [
    {
      $set: {
        owner: { $cond: [free, owner, "$owner"] },
        until: { $cond: [free, { $add: ["$$NOW", LEASE_MS] }, "$until"] },
      },
    },
  ];
  for (;;) {
    try {
      // The typings know neither the pipeline nor the option's name of today.
      const options = { upsert: true, returnDocument: "after" } as object;
      const { value } = await changesOf(db).findOneAndUpdate({ _id: collection }, update as object, options);
      return value?.owner === owner ? value : undefined;
    } catch (error) {
      // Two upserts at the same time: the other one was faster.
      if ((error as { code?: number }).code !== 11_000) throw error;
    }
  }
}
