import { WeirError, WeirRetryableError } from "../../../schemas/errors";
import { progressKey } from "../../../schemas/progress";
import type { Chunk } from "../chunk";
import type { ChunkRun } from "../chunk-run";
import { noteDuplicates } from "./expected-duplicates";
import { claimsOf, progressOf, type TransactionStore } from "./records";

/** Sorts out of a chunk what has taken effect before: by the partition's progress, and by its keys. Throws as `passOver` does. */
export async function lookUp(run: ChunkRun, store: TransactionStore, chunk: Chunk): Promise<void> {
  const [claimed] = await Promise.all([claimedKeys(store, chunk.keysToClaim()), passOver(run, store, chunk)]);
  noteDuplicates(run, store, claimed.duplicates.length > 0 || claimed.busy.length > 0);
  chunk.sortOut({ id: null, redelivered: [], redelivered_to: null, ...claimed });
}

/**
 * Sorts out what the partition's progress has passed. Throws WEIR_FENCED where another owner has the partition,
 * WEIR_OTHER_MONGODB where this node's MongoDB knows nothing of it.
 */
export async function passOver(run: ChunkRun, store: TransactionStore, chunk: Chunk): Promise<void> {
  const next = await progressNext(run, store);
  for (const entry of chunk.entries) {
    if (!entry.outcome && Number(entry.item.delivery.offset) < next) entry.outcome = { status: "duplicate" };
  }
}

async function progressNext({ request }: ChunkRun, store: TransactionStore): Promise<number> {
  const { group, topic, partition, epoch } = request;
  if (partition < 0) return -1;
  const progress = await progressOf(store).findOne({ _id: progressKey(group, topic, partition) });
  if (!progress) {
    throw new WeirError(
      "WEIR_OTHER_MONGODB",
      `The plugin of group ${group} runs with transactions on a node whose MongoDB (database ${store.database}) holds no progress of ${topic}[${partition}]: it is not the gateway's. Give that node the gateway's MONGO_URL and WEIR_DATABASE; its events wait meanwhile.`,
      { group, topic, partition },
    );
  }
  if (progress.epoch === epoch) return progress.next;
  throw new WeirRetryableError(
    "WEIR_FENCED",
    `${topic}[${partition}] of group ${group} was delivered under epoch ${epoch}, but its owner has epoch ${progress.epoch}. Nothing is done under the older one.`,
    { group, topic, partition, epoch },
  );
}

async function claimedKeys(
  store: TransactionStore,
  keys: string[],
): Promise<{ duplicates: string[]; busy: string[] }> {
  if (keys.length === 0) return { duplicates: [], busy: [] };
  const hits = await claimsOf(store)
    .aggregate<{ status: string; hit: string[] }>([
      { $match: { keys: { $in: keys } } },
      { $project: { status: 1, hit: { $setIntersection: ["$keys", { $literal: keys }] } } },
    ])
    .toArray();
  const keysWith = (status: string) => hits.filter((hit) => hit.status === status).flatMap(({ hit }) => hit);
  return { duplicates: keysWith("completed"), busy: keysWith("processing") };
}
