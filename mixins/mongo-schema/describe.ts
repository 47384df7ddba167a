import type { CollectionPlan, IndexState } from "./plan";

/** How many states a deploy pipeline stops at. What is on the `keep` list, or hidden to be dropped, is not among them. */
export function driftOf({ state, indexes }: CollectionPlan): number {
  const drifted = indexes.filter(
    ({ state, action, actual }) =>
      state !== "in_sync" && action.kind !== "keep" && !(action.kind === "prune" && actual?.hidden),
  );
  return drifted.length + (state === "in_sync" ? 0 : 1);
}

/** `expireAfterSeconds is 60, declared 3600`. */
export function differenceText(difference: IndexState["difference"] = {}): string {
  return Object.entries(difference)
    .map(([option, { declared, actual }]) => `${option} is ${show(actual)}, declared ${show(declared)}`)
    .join("; ");
}

/** One sentence per state that is not in sync: what differs, and what makes it as declared. */
export function adviceOn(service: string, plan: CollectionPlan): string[] {
  const { collection, indexes } = plan;
  const lines = indexes
    .filter(({ state }) => state === "changed")
    .map(
      (index) =>
        `Index "${index.name}" of collection "${collection}" is not as declared: ${differenceText(index.difference)}. ` +
        `It is left as it is. ${remedyFor(service, collection, index)}`,
    );
  if (plan.state !== "changed") return lines;
  const remedy =
    plan.action.kind === "modify"
      ? `${apply(service)} changes it in place.`
      : "MongoDB changes that of no existing collection: copy its documents into a new one.";
  return [
    `Collection "${collection}" is not as declared: ${differenceText(plan.difference)}. ${remedy}`,
    ...lines,
  ];
}

function remedyFor(service: string, collection: string, { action, name }: IndexState): string {
  switch (action.kind) {
    case "modify":
      return `${apply(service)} changes it in place.`;
    case "make_unique":
      return `${apply(service)} makes it unique in place, unless there are duplicates.`;
    case "rebuild": {
      const meanwhile =
        action.how === "drop_first"
          ? "text searches fail meanwhile"
          : "another index serves its queries meanwhile";
      return (
        `\`npm run indexes -- --apply --rebuild --service ${service}\` builds it anew (${meanwhile}); ` +
        `so does db.getCollection("${collection}").dropIndex("${name}") in mongosh and a restart.`
      );
    }
    default:
      return "";
  }
}

function apply(service: string): string {
  return `\`npm run indexes -- --apply --service ${service}\`, or WEIR_INDEX_POLICY=apply,`;
}

function show(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}
