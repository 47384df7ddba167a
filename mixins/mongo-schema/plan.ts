import { isBridgeName } from "./bridge";
import {
  type Described,
  type Difference,
  described,
  differenceBetween,
  healingAction,
} from "./compare-index";
import { type CollectionDeclaration, type IndexDeclaration, indexName } from "./declaration";
import type { ActualIndex } from "./normal-form";
import { type OptionsDifference, optionsDifference } from "./plan-options";
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
  difference?: Difference;
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
  const left = (actual?.indexes ?? []).filter(({ name }) => name !== "_id_").map((index) => described(index));
  const pairs: Pair[] = indexes.map((index) => described(index, inherited));
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

type Found = Described<ActualIndex>;
type Pair = Described<IndexDeclaration> & { found?: Found };

function sameName({ index }: Pair, found: Found): boolean {
  return indexName(index) === found.index.name;
}

function sameSignature(pair: Pair, found: Found): boolean {
  return pair.signature === found.signature;
}

function compare(pair: Pair): IndexState {
  const { index, found } = pair;
  const base = { name: indexName(index), key: index.key, declared: index };
  if (!found) return { ...base, state: "missing", action: { kind: "create" } };
  const named = { ...base, name: found.index.name, actual: found.index };
  const difference = differenceBetween(pair, found);
  if (Object.keys(difference).length > 0) {
    return { ...named, state: "changed", action: healingAction(index, difference), difference };
  }
  if (found.index.building) return { ...named, state: "building", action: { kind: "wait" } };
  return { ...named, state: "in_sync", action: { kind: "none" } };
}
