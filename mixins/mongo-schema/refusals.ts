import { WeirError } from "../../schemas/errors";
import type { Refusal } from "./build-indexes";
import { indexName } from "./declaration";
import { adviceOn } from "./describe";
import { duplicateExamples } from "./duplicates";
import type { CollectionPlan } from "./plan";
import { codeOf, reactionTo } from "./server-errors";
import type { Target } from "./target";

/** One error for all indexes that MongoDB did not build, each with why and what to do. */
export async function refusedIndexes(target: Target, refusals: Refusal[]): Promise<WeirError> {
  const { service, declaration } = target;
  const { collection } = declaration;
  const indexes = refusals.map(({ index }) => indexName(index));
  const reasons = await Promise.all(refusals.map((refusal) => reasonOf(target, refusal)));
  return new WeirError(
    "WEIR_INDEX_NOT_CREATED",
    `Service "${service}", collection "${collection}": MongoDB did not create ${reasons.join(" ")}`,
    { service, collection, indexes, codes: refusals.map(({ error }) => codeOf(error)) },
  );
}

export function changedDefinition({ service }: Target, plan: CollectionPlan): WeirError {
  const { collection } = plan;
  const indexes = plan.indexes.filter(({ state }) => state === "changed").map(({ name }) => name);
  return new WeirError(
    "WEIR_INDEX_CHANGED",
    `Service "${service}": ${adviceOn(service, plan).join(" ")} The policy is to stop here (WEIR_INDEX_POLICY=fail).`,
    { service, collection, indexes },
  );
}

async function reasonOf(target: Target, { index, error }: Refusal): Promise<string> {
  const name = `"${indexName(index)}"`;
  const { message } = error as Error;
  switch (reactionTo(error)) {
    case "duplicates": {
      const examples = await duplicateExamples(target, index.key, error);
      return (
        `${name}, which is unique, because of duplicates: ${examples.join("; ") || message}. ` +
        "Remove them, or `unique`, and restart."
      );
    }
    case "look_again":
      return `${name}, which others keep changing (${message}). Is another version of the service at work? Restart when it is gone.`;
    default:
      return `${name} (${message}). Correct the declaration and restart.`;
  }
}
