import { isBridgeName } from "./bridge";
import { type CollectionDeclaration, type IndexDeclaration, indexName, isText } from "./declaration";
import { type ActualIndex, type NormalForm, normalForm, signature } from "./normal-form";
import { type OptionsDifference, optionsDifference } from "./plan-options";
import { sameValue } from "./same-value";
import type { IndexUsage } from "./usage";

export type { ActualIndex } from "./normal-form";

/** A collection as MongoDB tells it; undefined where there is none. */
export interface ActualCollection {
  options: Record<string, unknown>;
  indexes: ActualIndex[];
}

/** What would make an index as declared. */
export type IndexAction =
  | { kind: "none" | "create" | "wait" }
  /** One `collMod`. */
  | { kind: "modify" | "make_unique"; set: Record<string, unknown> }
  /** `drop_first`: MongoDB lets no other index serve the same queries meanwhile. */
  | { kind: "rebuild"; how: "bridged" | "drop_first" }
  /** An extra index is hidden, and dropped later; what a rebuild left behind is dropped at once. */
  | { kind: "prune" | "keep" | "drop_leftover" };

export interface IndexState {
  name: string;
  key: Record<string, unknown>;
  /** `extra`: in the database, but declared by nobody. */
  state: "in_sync" | "missing" | "changed" | "extra" | "building";
  action: IndexAction;
  declared?: IndexDeclaration;
  actual?: ActualIndex;
  /** Per option that differs: what the declaration says and what the database has. */
  difference?: Record<string, { declared: unknown; actual: unknown }>;
  /** Of an index that is being built. */
  progress?: { phase: string; percent: number };
  usage?: IndexUsage;
}

export interface CollectionPlan extends OptionsDifference {
  collection: string;
  /** The declared in their order, then the extra ones. */
  indexes: IndexState[];
}

/** Compares a declaration with what is there. Pure. */
export function plan(
  declaration: CollectionDeclaration,
  actual: ActualCollection | undefined,
): CollectionPlan {
  const { collection, indexes = [], keep = [], options } = declaration;
  const inherited = options?.collation;
  const left = (actual?.indexes ?? [])
    .filter(({ name }) => name !== "_id_")
    .map((index) => ({ index, form: normalForm(index) }));
  const pairs: Pair[] = indexes.map((index) => ({ index, form: normalForm(index, inherited) }));
  // An index of the same signature under another name would make MongoDB refuse the declared one: it comes before the same name.
  const ways: ((pair: Pair, found: Found) => boolean)[] = [
    (pair, found) => sameName(pair, found) && sameSignature(pair, found),
    sameSignature,
    sameName,
  ];
  for (const matches of ways) {
    for (const pair of pairs) {
      if (pair.found) continue;
      const position = left.findIndex((found) => !isBridgeName(found.index.name) && matches(pair, found));
      if (position >= 0) [pair.found] = left.splice(position, 1);
    }
  }
  const extras = left.map(({ index }): IndexState => {
    const kind = isBridgeName(index.name) ? "drop_leftover" : keep.includes(index.name) ? "keep" : "prune";
    return { name: index.name, key: index.key, state: "extra", action: { kind }, actual: index };
  });
  return {
    collection,
    ...optionsDifference(declaration, actual?.options),
    indexes: [...pairs.map(compare), ...extras],
  };
}

interface Found {
  index: ActualIndex;
  form: NormalForm;
}
interface Pair {
  index: IndexDeclaration;
  form: NormalForm;
  found?: Found;
}

function sameName({ index }: Pair, found: Found): boolean {
  return indexName(index) === found.index.name;
}

function sameSignature({ form }: Pair, found: Found): boolean {
  return signature(form) === signature(found.form);
}

function compare({ index, form, found }: Pair): IndexState {
  const base = { name: indexName(index), key: index.key, declared: index };
  if (!found) return { ...base, state: "missing", action: { kind: "create" } };
  const { name } = found.index;
  const named = { ...base, name, actual: found.index };
  const difference = differenceOf(index, form, found);
  if (Object.keys(difference).length > 0) {
    return { ...named, state: "changed", action: actionFor(index, difference), difference };
  }
  if (found.index.building) return { ...named, state: "building", action: { kind: "wait" } };
  return { ...named, state: "in_sync", action: { kind: "none" } };
}

function differenceOf(
  index: IndexDeclaration,
  form: NormalForm,
  found: Found,
): NonNullable<IndexState["difference"]> {
  const difference: NonNullable<IndexState["difference"]> = {};
  for (const option of Object.keys(form)) {
    if (sameValue(form[option], found.form[option])) continue;
    if (option === "prepareUnique" && form.unique) continue;
    difference[option] =
      option === "key"
        ? { declared: index.key, actual: found.index.key }
        : { declared: form[option], actual: found.form[option] };
  }
  // A name that was not chosen may be any.
  if (index.name && index.name !== found.index.name) {
    difference.name = { declared: index.name, actual: found.index.name };
  }
  return difference;
}

const IN_PLACE = new Set(["expireAfterSeconds", "hidden", "prepareUnique", "unique"]);

function actionFor(index: IndexDeclaration, difference: NonNullable<IndexState["difference"]>): IndexAction {
  const { unique, ...others } = difference;
  const { expireAfterSeconds: ttl } = others;
  const inPlace =
    Object.keys(difference).every((option) => IN_PLACE.has(option)) &&
    // `collMod` makes an index unique or a TTL one, and cannot take that back.
    (unique === undefined || unique.declared === true) &&
    (ttl === undefined || ttl.declared !== undefined);
  if (!inPlace) return { kind: "rebuild", how: isText(index) ? "drop_first" : "bridged" };
  const set = Object.fromEntries(Object.entries(others).map(([option, { declared }]) => [option, declared]));
  return { kind: unique ? "make_unique" : "modify", set };
}
