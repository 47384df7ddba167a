import { setTimeout as delay } from "node:timers/promises";
import type { ClientSession, ObjectId } from "mongodb";
import { progressKey } from "../../../schemas/progress";
import type { Entry } from "../chunk";
import type { ChunkRun } from "../chunk-run";
import { claimsOf, progressOf, type TransactionStore } from "./records";

const COMMIT_ATTEMPTS = 6;
const COMMIT_PAUSE_MS = 500;

/** The partition's progress is not where this transaction expects it: somebody else has moved it, or its epoch. */
export class ProgressMoved extends Error {
  constructor() {
    super("the partition's progress was moved by somebody else");
    this.name = "ProgressMoved";
  }
}

/** The last write of a transaction: the progress, by compare-and-set; then the commit itself. `claim` is null where no key is claimed. */
export async function commit(
  run: ChunkRun,
  store: TransactionStore,
  session: ClientSession,
  done: Entry[],
  claim: ObjectId | null,
): Promise<void> {
  const { group, topic, partition, epoch } = run.request;
  const from = Number(done[0]?.item.delivery.offset);
  const to = Number(done.at(-1)?.item.delivery.offset);
  if (partition >= 0) {
    const _id = progressKey(group, topic, partition);
    const moved = await progressOf(store).updateOne(
      { _id, epoch, next: { $lte: from } },
      { $set: { next: to + 1 } },
      { session },
    );
    if (moved.matchedCount !== 1) throw new ProgressMoved();
  }
  await commitForCertain(session, async () => {
    if (claim) return (await claimsOf(store).countDocuments({ _id: claim })) === 1;
    const progress = await progressOf(store).findOne({ _id: progressKey(group, topic, partition) });
    return progress?.epoch === epoch && progress.next > to;
  });
}

/** Asks again while the answer to a commit is unknown; where it stays unknown, what can be read decides. */
async function commitForCertain(session: ClientSession, tookEffect: () => Promise<boolean>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      const labels = (error as { errorLabels?: string[] }).errorLabels ?? [];
      if (!labels.includes("UnknownTransactionCommitResult")) throw error;
      if (attempt === COMMIT_ATTEMPTS) {
        if (await tookEffect()) return;
        throw error;
      }
      await delay(COMMIT_PAUSE_MS);
    }
  }
}
