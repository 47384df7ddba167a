import { setTimeout as delay } from "node:timers/promises";
import { buildInBackground } from "./build-in-background";
import { buildIndexes } from "./build-indexes";
import { changeInPlace } from "./change-in-place";
import { adviceOn } from "./describe";
import { exclusively, type Lease } from "./lease";
import type { CollectionPlan } from "./plan";
import { creationOptions } from "./plan-options";
import { pruneIndexes } from "./prune";
import { inspectCollection } from "./read-collection";
import { dropLeftovers, rebuildIndexes } from "./rebuild";
import { changedDefinition, refusedIndexes } from "./refusals";
import { codeOf, reactionTo } from "./server-errors";
import type { Healing, Target } from "./target";
import { mustAwait } from "./when-to-wait";

const NAMESPACE_EXISTS = 48;
const ATTEMPTS = 8;
const PAUSE_MS = 50;

/**
 * Makes a collection what its declaration says, as far as `healing` goes, however many processes do so at once. Everything
 * that is created, changed or dropped, is so from here. Without a difference it reads once and writes nothing.
 */
export async function ensureCollection(target: Target, healing: Healing): Promise<CollectionPlan> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ensureOnce(target, healing, attempt === ATTEMPTS);
    } catch (error) {
      if (reactionTo(error) !== "look_again" || attempt === ATTEMPTS) throw error;
      // Others are at work on the same: what they did is seen by the next look.
      await delay(PAUSE_MS * attempt * Math.random());
    }
  }
}

async function ensureOnce(target: Target, healing: Healing, last: boolean): Promise<CollectionPlan> {
  const first = await inspectCollection(target);
  if (first.state === "missing") await createCollection(target);
  const created = await createMissing(target, healing, first, last);
  let plan = created || first.state === "missing" ? await inspectCollection(target, { fresh: true }) : first;
  if (healing.policy === "apply" && isChanged(plan)) {
    plan = await inspectCollection(target, { fresh: true });
    if (await changeInPlace(target, plan)) plan = await inspectCollection(target, { fresh: true });
  }
  const work = exclusiveWork(target, healing, plan);
  if (work.length > 0) {
    const { collection } = plan;
    const done = await exclusively(target.db, collection, async (lease) => {
      for (const step of work) await step(await inspectCollection(target, { fresh: true }), lease);
      return true;
    });
    if (!done)
      target.logger.info(`Another process is changing indexes of "${collection}"; that is left to it.`);
    plan = await inspectCollection(target, { fresh: true });
  }
  if (healing.policy === "fail" && isChanged(plan)) throw changedDefinition(target, plan);
  return plan;
}

/** Says what differs and what to do; a differing index goes on serving as it is. */
export function warnOfChanged({ service, logger }: Target, plan: CollectionPlan): void {
  for (const line of adviceOn(service, plan)) logger.warn(line);
}

function isChanged({ state, indexes }: CollectionPlan): boolean {
  return state === "changed" || indexes.some((index) => index.state === "changed");
}

type Step = (plan: CollectionPlan, lease: Lease) => Promise<void>;

/** What only one process may do at a time. */
function exclusiveWork(
  target: Target,
  { rebuild, pruneAfterDays }: Healing,
  { indexes }: CollectionPlan,
): Step[] {
  const some = (kind: string) => indexes.some(({ action }) => action.kind === kind);
  const steps: Step[] = [];
  if (rebuild && some("rebuild")) steps.push((plan, lease) => rebuildIndexes(target, plan, lease));
  if (some("drop_leftover")) steps.push((plan, lease) => dropLeftovers(target, plan, lease));
  if (pruneAfterDays !== undefined && some("prune")) {
    steps.push((plan, lease) =>
      pruneIndexes(target, plan, { lease, afterDays: pruneAfterDays, now: new Date() }),
    );
  }
  return steps;
}

async function createCollection({ db, declaration, logger }: Target): Promise<void> {
  const { collection } = declaration;
  try {
    await db.createCollection(collection, creationOptions(declaration));
    logger.info(`Collection "${collection}" created.`);
  } catch (error) {
    if (codeOf(error) !== NAMESPACE_EXISTS) throw error;
  }
}

/** Answers whether anything was created here. */
async function createMissing(
  target: Target,
  healing: Healing,
  plan: CollectionPlan,
  last: boolean,
): Promise<boolean> {
  const missing = plan.indexes.flatMap(({ state, declared }) =>
    declared && (state === "missing" || state === "building") ? [declared] : [],
  );
  if (missing.length === 0) return false;
  if (plan.state !== "missing" && !(await mustAwait(target, healing, missing))) {
    buildInBackground(target, missing, () => ensureCollection(target, { ...healing, build: "await" }));
    return false;
  }
  const refusals = await buildIndexes(target, missing);
  const passing = refusals.find(({ error }) => reactionTo(error) === "look_again");
  if (passing && !last) throw passing.error;
  if (refusals.length > 0) {
    const error = await refusedIndexes(target, refusals);
    if (refusals.some(({ index }) => index.required !== false)) throw error;
    target.logger.error(error.message);
  }
  return true;
}
