import type { CollationDocument } from "mongodb";
import { bridgeFor, bridgeName } from "./bridge";
import { createIndexes, specificationOf } from "./build-indexes";
import { type IndexDeclaration, indexName } from "./declaration";
import type { Lease } from "./lease";
import { normalForm, signature } from "./normal-form";
import type { CollectionPlan, IndexState } from "./plan";
import { refusedIndexes } from "./refusals";
import { codeOf, reactionTo } from "./server-errors";
import { command, type Target } from "./target";

const INDEX_NOT_FOUND = 27;

/**
 * Builds changed indexes anew: first another index that serves the same queries, then the old one is dropped and the declared one
 * built, last the other one dropped. A process that dies at any point leaves what the next start completes.
 */
export async function rebuildIndexes(target: Target, plan: CollectionPlan, lease: Lease): Promise<void> {
  const { logger, declaration } = target;
  const inherited = declaration.options?.collation;
  const rebuilt = plan.indexes.flatMap(({ action, declared }) =>
    action.kind === "rebuild" && declared ? [declared] : [],
  );
  const bridged: IndexDeclaration[] = [];
  for (const index of rebuilt) if (await canBeBuilt(target, plan, index)) bridged.push(index);
  if (bridged.length === 0) return;
  const old = bridged.flatMap((index) => inTheWay(plan, index, inherited).map(({ name }) => name));
  for (const name of new Set(old)) if (lease.held()) await dropIndex(target, name);
  await createIndexes(target, bridged.map(specificationOf));
  for (const index of bridged) if (lease.held()) await dropIndex(target, bridgeName(index));
  logger.info(`Indexes of "${declaration.collection}" built anew: ${bridged.map(indexName).join(", ")}.`);
}

/** Builds what serves the index's queries meanwhile. One that cannot be built leaves the old one as it is, and is told. */
async function canBeBuilt(target: Target, plan: CollectionPlan, index: IndexDeclaration): Promise<boolean> {
  const { declaration, logger } = target;
  const [stranger] = inTheWay(plan, index, declaration.options?.collation).filter(
    ({ state }) => state === "extra",
  );
  if (stranger) {
    logger.error(
      `Index "${indexName(index)}" of "${declaration.collection}" cannot be built: "${stranger.name}", which nobody declares, ` +
        "has its name or its key. Drop that one in mongosh, or give the declared one another name.",
    );
    return false;
  }
  const bridge = bridgeFor(index);
  if (!bridge) return true;
  try {
    await createIndexes(target, [bridge]);
    return true;
  } catch (error) {
    const reaction = reactionTo(error);
    if (reaction === "wait" || reaction === "look_again") throw error;
    const refusal = await refusedIndexes(target, [{ index, error }]);
    logger.error(`${refusal.message} The old index is left as it is.`);
    return false;
  }
}

/** What an interrupted rebuild left, once the index that it was for is there. */
export async function dropLeftovers(target: Target, plan: CollectionPlan, lease: Lease): Promise<void> {
  const unfinished = new Set(
    plan.indexes.flatMap(({ state, declared }) =>
      declared && (state === "missing" || state === "building") ? [bridgeName(declared)] : [],
    ),
  );
  for (const { name, action } of plan.indexes) {
    if (action.kind !== "drop_leftover" || unfinished.has(name) || !lease.held()) continue;
    await dropIndex(target, name);
    target.logger.warn(`Dropped "${name}" of "${plan.collection}", left by a rebuild that was interrupted.`);
  }
}

export async function dropIndex(target: Target, name: string): Promise<void> {
  try {
    await command(target, { dropIndexes: target.declaration.collection, index: name });
  } catch (error) {
    if (codeOf(error) !== INDEX_NOT_FOUND) throw error;
  }
}

/** The indexes that MongoDB does not let exist beside the declared one. Pure. */
export function inTheWay(
  plan: CollectionPlan,
  declared: IndexDeclaration,
  inherited?: CollationDocument,
): IndexState[] {
  const wanted = signature(normalForm(declared, inherited));
  return plan.indexes
    .filter(({ action }) => action.kind !== "drop_leftover")
    .filter(
      ({ actual }) =>
        actual && (actual.name === indexName(declared) || signature(normalForm(actual)) === wanted),
    );
}
