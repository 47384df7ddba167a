import { duplicateExamples } from "./duplicates";
import type { CollectionPlan, IndexState } from "./plan";
import { codeOf } from "./server-errors";
import { command, type Target } from "./target";

const CANNOT_CONVERT_TO_UNIQUE = 359;

/** Changes by `collMod` what can be; answers whether anything was changed. Any number of processes may do so at the same time. */
export async function changeInPlace(target: Target, plan: CollectionPlan): Promise<boolean> {
  const { logger } = target;
  const { collection } = plan;
  let changed = false;
  if (plan.action.kind === "modify") {
    await command(target, { collMod: collection, ...plan.action.set });
    logger.info(`Collection "${collection}": ${Object.keys(plan.action.set).join(", ")} set as declared.`);
    changed = true;
  }
  for (const index of plan.indexes) {
    if (index.action.kind !== "modify" && index.action.kind !== "make_unique") continue;
    const { prepareUnique, ...set } = index.action.set;
    if (Object.keys(set).length > 0) await modifyIndex(target, index.name, set);
    if (prepareUnique !== undefined) await modifyIndex(target, index.name, { prepareUnique });
    if (index.action.kind === "modify")
      logger.info(`Index "${index.name}" of "${collection}": ${text(index)}.`);
    else await makeUnique(target, index);
    changed = true;
  }
  return changed;
}

export async function modifyIndex(target: Target, name: string, set: Record<string, unknown>): Promise<void> {
  await command(target, { collMod: target.declaration.collection, index: { name, ...set } });
}

/**
 * First new duplicates are refused, then those that are there are looked for: so none can slip in between.
 * Where there are any, the index goes on as it was, and they are told.
 */
async function makeUnique(target: Target, index: IndexState): Promise<void> {
  const { service, logger, declaration } = target;
  const where = `Index "${index.name}" of "${declaration.collection}"`;
  await modifyIndex(target, index.name, { prepareUnique: true });
  try {
    await modifyIndex(target, index.name, { unique: true });
    logger.info(`${where} is unique now.`);
  } catch (error) {
    if (codeOf(error) !== CANNOT_CONVERT_TO_UNIQUE) throw error;
    const examples = await duplicateExamples(target, index.key, error);
    await modifyIndex(target, index.name, { prepareUnique: false });
    logger.error(
      `${where} is declared unique by "${service}" and stays as it is, because of duplicates: ${examples.join("; ")}. ` +
        "Remove them and apply again.",
    );
  }
}

function text({ action }: IndexState): string {
  const set = "set" in action ? action.set : {};
  return `${Object.entries(set)
    .map(([option, value]) => `${option} is ${JSON.stringify(value)} now`)
    .join(", ")}`;
}
