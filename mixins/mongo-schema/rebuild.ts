import type { CollationDocument } from "mongodb";
import { bridgeFor, bridgeName } from "./bridge";
import { createIndexes, specificationOf } from "./build-indexes";
import { type IndexDeclaration, indexName } from "./declaration";
import type { Lease } from "./lease";
import { normalForm, signature } from "./normal-form";
import type { CollectionPlan, IndexState } from "./plan";
import { codeOf } from "./server-errors";
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
  const possible = rebuilt.filter((index) => {
    const [other] = strangersInTheWay(plan, index, inherited);
    if (!other) return true;
    logger.error(
      `Index "${indexName(index)}" of "${declaration.collection}" cannot be built: "${other.name}", which nobody declares, has ` +
        "its name or its key. Drop that one in mongosh, or give the declared one another name.",
    );
    return false;
  });
  if (possible.length === 0) return;
  const bridges = possible.map(bridgeFor).filter((bridge) => bridge !== undefined);
  if (bridges.length > 0) await createIndexes(target, bridges);
  for (const name of new Set(
    possible.flatMap((index) => inTheWay(plan, index, inherited).map(({ name }) => name)),
  )) {
    if (lease.held()) await dropIndex(target, name);
  }
  await createIndexes(target, possible.map(specificationOf));
  for (const { name } of bridges) if (lease.held()) await dropIndex(target, name);
  logger.info(`Indexes of "${declaration.collection}" built anew: ${possible.map(indexName).join(", ")}.`);
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

function strangersInTheWay(
  plan: CollectionPlan,
  declared: IndexDeclaration,
  inherited?: CollationDocument,
): IndexState[] {
  return inTheWay(plan, declared, inherited).filter(({ state }) => state === "extra");
}
