import type { CollationDocument } from "mongodb";
import { completeCollation } from "./collation";
import type { CollectionDeclaration } from "./declaration";
import { mongoJsonSchema } from "./json-schema";
import { sameValue } from "./same-value";

export interface OptionsDifference {
  /** Of the collection itself, apart from its indexes. */
  state: "in_sync" | "missing" | "changed";
  /** `recreate`: MongoDB changes such an option of no existing collection; its documents have to be copied. */
  action: { kind: "none" | "create" | "recreate" } | { kind: "modify"; set: Record<string, unknown> };
  difference?: Record<string, { declared: unknown; actual: unknown }>;
}

/** What `collMod` sets, with the values that MongoDB means where there are none. */
const IN_PLACE: Record<string, unknown> = {
  validator: {},
  validationLevel: "strict",
  validationAction: "error",
};
/** Options of the call, not of the collection. */
const OF_THE_CALL = new Set([
  "writeConcern",
  "session",
  "strict",
  "autoIndexId",
  "w",
  "wtimeout",
  "j",
  "pkFactory",
]);

export function optionsDifference(
  declaration: CollectionDeclaration,
  actual: Record<string, unknown> | undefined,
): OptionsDifference {
  if (!actual) return { state: "missing", action: { kind: "create" } };
  const declared = { ...IN_PLACE, ...creationOptions(declaration) };
  const found = { ...IN_PLACE, ...actual };
  const difference: NonNullable<OptionsDifference["difference"]> = {};
  for (const [option, wanted] of Object.entries(declared)) {
    if (OF_THE_CALL.has(option) || wanted === undefined) continue;
    if (!same(option, wanted, found[option]))
      difference[option] = { declared: wanted, actual: found[option] };
  }
  const options = Object.keys(difference);
  if (options.length === 0) return { state: "in_sync", action: { kind: "none" } };
  if (!options.every((option) => option in IN_PLACE)) {
    return { state: "changed", action: { kind: "recreate" }, difference };
  }
  const set = Object.fromEntries(options.map((option) => [option, difference[option]?.declared]));
  return { state: "changed", action: { kind: "modify", set }, difference };
}

export function creationOptions({ options, jsonSchema }: CollectionDeclaration): Record<string, unknown> {
  return { ...options, ...(jsonSchema && { validator: { $jsonSchema: mongoJsonSchema(jsonSchema) } }) };
}

function same(option: string, wanted: unknown, found: unknown): boolean {
  if (option === "collation") {
    return sameValue(
      completeCollation(wanted as CollationDocument),
      completeCollation(found as CollationDocument | undefined),
    );
  }
  // MongoDB rounds a capped collection's size up to a multiple of 256.
  if (option === "size")
    return Math.ceil(Number(wanted) / 256) * 256 === Math.ceil(Number(found) / 256) * 256;
  if (wanted === false) return !found;
  return sameValue(wanted, found);
}
