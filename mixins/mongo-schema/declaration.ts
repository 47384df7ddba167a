import type { CollationDocument, CollectionCreateOptions } from "mongodb";

export type IndexDirection = 1 | -1 | "text" | "hashed" | "2d" | "2dsphere";
export type IndexKey = Record<string, IndexDirection>;

/** What the start does about an index or collection that is there, but not as declared. */
export type IndexPolicy = "warn" | "fail" | "apply";

/** One index, as its owner wants it. Members are MongoDB's own but the last two; what is left out has MongoDB's default. */
export interface IndexDeclaration {
  /** Fields in their order. `"$**"` or `"path.$**"` makes a wildcard index. */
  key: IndexKey;
  /** MongoDB's own naming (`status_1_failed_at_-1`) when left out; then an equal index of any name will do. */
  name?: string;
  unique?: boolean;
  sparse?: boolean;
  /** Kept current, and a unique one enforced, but not used by queries. */
  hidden?: boolean;
  partialFilterExpression?: Record<string, unknown>;
  expireAfterSeconds?: number;
  /** Of a text index: whole numbers, 1 where left out. */
  weights?: Record<string, number>;
  default_language?: string;
  language_override?: string;
  /** Of a wildcard index on everything: which paths. */
  wildcardProjection?: Record<string, unknown>;
  collation?: CollationDocument;
  /**
   * `true`: the service is not started without it, however long it takes to build. `false`: the start never fails for it.
   * Left out: the start waits for it on a small collection, and fails if MongoDB refuses to build it.
   */
  required?: boolean;
  /** Which query the index is for; shown in docs/collections.md, never sent to MongoDB. */
  description?: string;
}

/** A collection that one service owns. */
export interface CollectionDeclaration {
  collection: string;
  description?: string;
  /** How the collection is created when it is not there: validator, collation, capped … */
  options?: CollectionCreateOptions;
  /** A JSON Schema that MongoDB holds every written document to; becomes `options.validator`. */
  jsonSchema?: Record<string, unknown>;
  indexes?: IndexDeclaration[];
  /** Instead of the gateway's WEIR_INDEX_POLICY. */
  policy?: IndexPolicy;
  /** Whether the start waits for missing indexes. By default it does on a collection of up to 100,000 documents. */
  build?: "await" | "background";
  /** With the policy `apply`: also build anew what cannot be changed in place. */
  rebuild?: boolean;
  /** With the policy `apply`: hide indexes that nobody declares, and drop them after so many days (7 for `true`). */
  prune?: boolean | { afterDays: number };
  /** Names of indexes that nobody declares and that are right all the same. */
  keep?: string[];
}

export function indexName(index: Pick<IndexDeclaration, "name" | "key">): string {
  return (
    index.name ??
    Object.entries(index.key)
      .map(([field, direction]) => `${field}_${direction}`)
      .join("_")
  );
}

export function isText(index: { key: Record<string, unknown> }): boolean {
  return Object.values(index.key).includes("text");
}

export function isWildcard(index: { key: Record<string, unknown> }): boolean {
  return !isText(index) && Object.keys(index.key).some((field) => /(^|\.)\$\*\*$/.test(field));
}
