import { modifyIndex } from "./change-in-place";
import { changesOf, type HiddenIndex, type Lease } from "./lease";
import type { CollectionPlan, IndexState } from "./plan";
import { dropIndex } from "./rebuild";
import type { Target } from "./target";
import { readUsage } from "./usage";

const DAY_MS = 86_400_000;

/** Hides indexes that nobody declares, and drops those that have been hidden for so many days. */
export async function pruneIndexes(
  target: Target,
  plan: CollectionPlan,
  { lease, afterDays, now }: { lease: Lease; afterDays: number; now: Date },
): Promise<void> {
  const { db, logger } = target;
  const { collection } = plan;
  const extras = plan.indexes.filter(({ action }) => action.kind === "prune");
  const known = new Map(lease.changes.hidden?.map((entry) => [entry.name, entry]));
  const usage = extras.length > 0 ? await readUsage(db, collection) : new Map();
  const forget = new Set(known.keys());
  for (const { name, actual } of extras) {
    const entry = known.get(name);
    const hidden = actual?.hidden === true;
    if (!lease.held()) return;
    if (hidden && entry && now.getTime() - entry.at.getTime() >= afterDays * DAY_MS) {
      await dropIndex(target, name);
      logger.warn(`Index "${name}" of "${collection}" was declared by nobody and is dropped.`);
      continue;
    }
    forget.delete(name);
    if (hidden && entry) continue;
    // Written before it is hidden: hiding makes MongoDB count anew.
    await remember(target, { name, at: now, usage: usage.get(name) });
    if (hidden) continue;
    await modifyIndex(target, name, { hidden: true });
    const { uses = 0, since } = usage.get(name) ?? {};
    logger.warn(
      `Index "${name}" of "${collection}" is declared by nobody and hidden now; it was used ${uses} times` +
        `${since ? ` since ${since.toISOString()}` : ""}. It is dropped after ${afterDays} days.${stillAtWork(actual)}`,
    );
  }
  if (forget.size > 0) await forgetHidden(target, [...forget]);
}

async function remember(target: Target, entry: HiddenIndex): Promise<void> {
  await forgetHidden(target, [entry.name]);
  await changesOf(target.db).updateOne({ _id: target.declaration.collection }, { $push: { hidden: entry } });
}

async function forgetHidden({ db, declaration: { collection } }: Target, names: string[]): Promise<void> {
  await changesOf(db).updateOne({ _id: collection }, { $pull: { hidden: { name: { $in: names } } } });
}

/** A hidden index is only hidden from queries. */
function stillAtWork(actual: IndexState["actual"]): string {
  const works = [
    actual?.unique === true && "goes on refusing duplicates",
    actual?.expireAfterSeconds !== undefined && "goes on removing documents",
  ].filter(Boolean);
  return works.length > 0 ? ` Until then it ${works.join(" and ")}.` : "";
}
