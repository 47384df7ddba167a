import type { Db } from "mongodb";
import { changesOf } from "./lease";
import type { IndexState } from "./plan";

/** How much an index takes and how often queries used it. */
export interface IndexUsage {
  /** In bytes. */
  size?: number;
  /** By queries, on all members of the replica set that were asked, since `since`. */
  uses: number;
  /** MongoDB counts from the start of the server, and anew when an index is hidden or changed. */
  since?: Date;
  /** Whether it is hidden by a prune, and what was counted before that. */
  hidden?: { at: Date; usage?: IndexUsage };
}

/** What each index of a collection takes and how often it was used; empty where there is no collection. */
export async function readUsage(db: Db, collection: string): Promise<Map<string, IndexUsage>> {
  const counted = await db
    .collection(collection)
    .aggregate<{ name: string; accesses: { ops: number; since: Date } }>([{ $indexStats: {} }])
    .toArray();
  const usage = new Map<string, IndexUsage>();
  for (const { name, accesses } of counted) {
    const known = usage.get(name);
    const since = known?.since && known.since < accesses.since ? known.since : accesses.since;
    usage.set(name, { uses: (known?.uses ?? 0) + Number(accesses.ops), since });
  }
  if (usage.size === 0) return usage;
  const [stats] = await db
    .collection(collection)
    .aggregate<{ storageStats: { indexSizes?: Record<string, number> } }>([
      { $collStats: { storageStats: {} } },
      { $project: { "storageStats.indexSizes": 1 } },
    ])
    .toArray();
  for (const [name, size] of Object.entries(stats?.storageStats.indexSizes ?? {})) {
    const known = usage.get(name);
    if (known) known.size = Number(size);
  }
  return usage;
}

/** Adds what each index takes and how often it was used; of one that a prune hid, what was counted before. */
export async function withUsage(db: Db, collection: string, states: IndexState[]): Promise<IndexState[]> {
  const hidden = states.some(({ state, actual }) => state === "extra" && actual?.hidden);
  const [usage, changes] = await Promise.all([
    readUsage(db, collection),
    hidden ? changesOf(db).findOne({ _id: collection }) : null,
  ]);
  return states.map((state) => {
    const counted = usage.get(state.name);
    const before = changes?.hidden?.find(({ name }) => name === state.name);
    return counted ? { ...state, usage: { ...counted, ...(before && { hidden: before }) } } : state;
  });
}
