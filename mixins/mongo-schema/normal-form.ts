import type { CollationDocument } from "mongodb";
import { completeCollation } from "./collation";
import { type IndexDeclaration, isText, isWildcard } from "./declaration";
import { canonical } from "./same-value";

/** An index as MongoDB's `listIndexes` tells it. */
export interface ActualIndex {
  name: string;
  key: Record<string, unknown>;
  /** Not usable yet: MongoDB lists an index from the moment its build begins. */
  building?: boolean;
  [option: string]: unknown;
}

export type NormalForm = Record<string, unknown> & { key: [field: string, direction: unknown][] };

/**
 * An index with MongoDB's defaults put in, alike for a declared and an actual one.
 * `inherited` is the collection's own collation, which an index has unless it says otherwise.
 */
export function normalForm(index: IndexDeclaration | ActualIndex, inherited?: CollationDocument): NormalForm {
  const declared = (index as ActualIndex).v === undefined;
  const text = isText(index);
  return {
    key: keyOf(index),
    unique: index.unique === true,
    sparse: index.sparse === true,
    hidden: index.hidden === true,
    // The state between a plain and a unique index: new duplicates are refused already.
    prepareUnique: (index as ActualIndex).prepareUnique === true,
    partialFilterExpression: index.partialFilterExpression,
    expireAfterSeconds: index.expireAfterSeconds === undefined ? undefined : Number(index.expireAfterSeconds),
    weights: text ? weightsOf(index) : undefined,
    default_language: text ? (index.default_language ?? "english") : undefined,
    language_override: text ? (index.language_override ?? "language") : undefined,
    wildcardProjection: isWildcard(index) ? index.wildcardProjection : undefined,
    // Text indexes have none, whatever the collection's is.
    collation: text
      ? undefined
      : completeCollation((index.collation ?? (declared ? inherited : undefined)) as CollationDocument),
  };
}

/** Alike for two indexes that MongoDB does not let exist side by side under different names. */
export function signature(form: NormalForm): string {
  if (form.key.some(([field]) => field === "_fts")) return "text";
  const { key, unique, sparse, partialFilterExpression, wildcardProjection, collation } = form;
  const rest = [partialFilterExpression, wildcardProjection, collation];
  const others = rest.some((option) => option !== undefined) ? canonical(rest) : "";
  return `${JSON.stringify(key)} ${unique} ${sparse} ${others}`;
}

/** MongoDB shows the text fields of an index as `_fts` and `_ftsx`, and keeps their names in `weights`. */
function keyOf(index: IndexDeclaration | ActualIndex): NormalForm["key"] {
  const parts: NormalForm["key"] = [];
  for (const [field, direction] of Object.entries(index.key)) {
    if (field === "_ftsx") continue;
    if (direction !== "text")
      parts.push([field, typeof direction === "object" ? Number(direction) : direction]);
    else if (!parts.some(([known]) => known === "_fts")) parts.push(["_fts", "text"]);
  }
  return parts;
}

function weightsOf(index: IndexDeclaration | ActualIndex): Record<string, number> {
  const fields = Object.keys(index.key).filter((field) => index.key[field] === "text" && field !== "_fts");
  return { ...Object.fromEntries(fields.map((field) => [field, 1])), ...(index.weights ?? {}) };
}
