import { isDeepStrictEqual } from "node:util";
import { type IndexDeclaration, indexName } from "./declaration";

/** An index as MongoDB's `listIndexes` tells it. */
export interface ActualIndex {
  name: string;
  key: Record<string, unknown>;
  [option: string]: unknown;
}

export interface IndexState {
  name: string;
  key: Record<string, unknown>;
  /** `extra`: in the database, but declared by nobody. */
  state: "in_sync" | "missing" | "changed" | "extra";
  declared?: IndexDeclaration;
  actual?: ActualIndex;
  /** Per option that differs: what the declaration says and what the database has. */
  difference?: Record<string, { declared: unknown; actual: unknown }>;
}

/** Compares declared with actual indexes: the declared in their order, then the extra ones. Pure. */
export function plan(declared: IndexDeclaration[], actual: ActualIndex[]): IndexState[] {
  const left = new Map(actual.filter((index) => index.name !== "_id_").map((index) => [index.name, index]));
  const pairs = declared.map((index) => ({ index, found: take(left, left.get(indexName(index))) }));
  for (const pair of pairs) {
    // An index with the same key but another name would make MongoDB refuse the declared one.
    pair.found ??= take(
      left,
      [...left.values()].find((candidate) =>
        isDeepStrictEqual(actualKey(candidate), declaredKey(pair.index)),
      ),
    );
  }
  return [
    ...pairs.map(({ index, found }) => compare(index, found)),
    ...[...left.values()].map((index): IndexState => {
      return { name: index.name, key: index.key, state: "extra", actual: index };
    }),
  ];
}

function take(left: Map<string, ActualIndex>, index: ActualIndex | undefined): ActualIndex | undefined {
  if (index) left.delete(index.name);
  return index;
}

function compare(declared: IndexDeclaration, actual: ActualIndex | undefined): IndexState {
  const named = { name: indexName(declared), key: declared.key, declared };
  if (!actual) return { ...named, state: "missing" };
  const difference: NonNullable<IndexState["difference"]> = {};
  const wanted = optionsOf(declared);
  const found = optionsOf(actual);
  for (const option of Object.keys(wanted)) {
    if (!isDeepStrictEqual(wanted[option], found[option])) {
      difference[option] = { declared: wanted[option], actual: found[option] };
    }
  }
  if (declared.name && declared.name !== actual.name) {
    difference.name = { declared: declared.name, actual: actual.name };
  }
  if (!isDeepStrictEqual(declaredKey(declared), actualKey(actual))) {
    difference.key = { declared: declared.key, actual: actual.key };
  }
  if (!sameCollation(declared.collation, actual.collation)) {
    difference.collation = { declared: declared.collation, actual: actual.collation };
  }
  const changed = Object.keys(difference).length > 0;
  return {
    ...named,
    name: actual.name,
    actual,
    ...(changed ? { state: "changed", difference } : { state: "in_sync" }),
  };
}

/** The options that matter, with MongoDB's defaults put in. */
function optionsOf(index: IndexDeclaration | ActualIndex): Record<string, unknown> {
  const text = Object.values(index.key).includes("text");
  const textFields = Object.entries(index.key).filter(
    ([field, direction]) => direction === "text" && field !== "_fts",
  );
  return {
    unique: index.unique ?? false,
    sparse: index.sparse ?? false,
    partialFilterExpression: index.partialFilterExpression,
    expireAfterSeconds: index.expireAfterSeconds,
    weights: text
      ? { ...Object.fromEntries(textFields.map(([field]) => [field, 1])), ...(index.weights ?? {}) }
      : undefined,
    default_language: text ? (index.default_language ?? "english") : undefined,
    language_override: text ? (index.language_override ?? "language") : undefined,
  };
}

type KeyPart = [field: string, direction: unknown];

/** MongoDB shows the text fields of an index as `_fts` and `_ftsx` and keeps their names in `weights`, compared as such. */
function declaredKey(index: IndexDeclaration): KeyPart[] {
  const parts: KeyPart[] = [];
  for (const [field, direction] of Object.entries(index.key)) {
    if (direction !== "text") parts.push([field, direction]);
    else if (!parts.some(([known]) => known === "_fts")) parts.push(["_fts", "text"]);
  }
  return parts;
}

function actualKey(index: ActualIndex): KeyPart[] {
  return Object.entries(index.key).filter(([field]) => field !== "_ftsx");
}

/** MongoDB completes a collation with its defaults: only what was declared is compared. */
function sameCollation(declared: object | undefined, actual: unknown): boolean {
  if (!declared) return actual === undefined;
  if (!actual) return false;
  const found = actual as Record<string, unknown>;
  return Object.entries(declared).every(([option, value]) => isDeepStrictEqual(found[option], value));
}
