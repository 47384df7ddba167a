import type { CollationDocument, CollectionCreateOptions } from "mongodb";
import { WeirError } from "../../schemas/errors";

export type IndexKey = Record<string, 1 | -1 | "text" | "hashed" | "2d" | "2dsphere">;

/** One index, as its owner wants it. Members are MongoDB's own; what is left out has MongoDB's default. */
export interface IndexDeclaration {
  key: IndexKey;
  /** MongoDB's own naming (`status_1_failed_at_-1`) when left out. */
  name?: string;
  unique?: boolean;
  sparse?: boolean;
  partialFilterExpression?: Record<string, unknown>;
  expireAfterSeconds?: number;
  weights?: Record<string, number>;
  default_language?: string;
  language_override?: string;
  collation?: CollationDocument;
  /** What the index is for; shown in docs/collections.md, never sent to MongoDB. */
  description?: string;
}

/** A collection that one service owns. */
export interface CollectionDeclaration {
  collection: string;
  description?: string;
  /** How the collection is created when it is not there: validator, collation … */
  options?: CollectionCreateOptions;
  indexes?: IndexDeclaration[];
}

const INDEX_OPTIONS = new Set([
  "key",
  "name",
  "unique",
  "sparse",
  "partialFilterExpression",
  "expireAfterSeconds",
  "weights",
  "default_language",
  "language_override",
  "collation",
  "description",
]);
const DIRECTIONS = new Set<unknown>([1, -1, "text", "hashed", "2d", "2dsphere"]);

export function indexName(index: IndexDeclaration): string {
  return (
    index.name ??
    Object.entries(index.key)
      .map(([field, direction]) => `${field}_${direction}`)
      .join("_")
  );
}

/** Throws a WeirError that names service, collection, index and remedy when MongoDB would refuse a declaration or mistake it. */
export function checkDeclarations(service: string, declarations: CollectionDeclaration[]): void {
  const seen = new Set<string>();
  for (const declaration of declarations) {
    const { collection, indexes = [] } = declaration;
    const fail = (what: string, index?: string): never => {
      const where = `Service "${service}", collection "${collection}"${index ? `, index "${index}"` : ""}`;
      throw new WeirError("WEIR_INDEX_DECLARATION_INVALID", `${where}: ${what}`, {
        service,
        collection,
        index,
      });
    };
    if (typeof collection !== "string" || !/^(?!system\.)[^\0$]+$/.test(collection)) {
      fail("a collection needs a name without `$`, NUL and the prefix `system.`; correct `collection`.");
    }
    if (seen.has(collection))
      fail("the collection is declared twice; put all its indexes into one declaration.");
    seen.add(collection);
    checkIndexes(indexes, fail);
  }
}

function checkIndexes(indexes: IndexDeclaration[], fail: (what: string, index?: string) => never): void {
  const names = new Set<string>();
  const keys = new Set<string>();
  let text: string | undefined;
  for (const index of indexes) {
    if (!index.key || Object.keys(index.key).length === 0) {
      fail("`key` names no field; write for example `key: { status: 1 }`.", index.name ?? "(no key)");
    }
    const name = indexName(index);
    for (const [field, direction] of Object.entries(index.key)) {
      if (!DIRECTIONS.has(direction)) {
        fail(
          `field "${field}" has ${JSON.stringify(direction)}; use 1, -1, "text", "hashed", "2d" or "2dsphere".`,
          name,
        );
      }
    }
    for (const option of Object.keys(index)) {
      if (!INDEX_OPTIONS.has(option))
        fail(`unknown option "${option}"; known are ${[...INDEX_OPTIONS].join(", ")}.`, name);
    }
    if (names.has(name)) fail("two indexes have this name; give one of them another `name`.", name);
    names.add(name);
    const signature = JSON.stringify([
      Object.entries(index.key),
      index.collation,
      index.partialFilterExpression,
    ]);
    if (keys.has(signature)) fail("another index has the same key; declare it once.", name);
    keys.add(signature);
    checkOptions(index, name, fail);
    if (Object.values(index.key).includes("text")) {
      if (text)
        fail(
          `"${text}" is a text index too, and MongoDB allows one in a collection; put all fields into it.`,
          name,
        );
      text = name;
    }
  }
}

function checkOptions(
  index: IndexDeclaration,
  name: string,
  fail: (what: string, index?: string) => never,
): void {
  const fields = Object.keys(index.key);
  if (fields.length === 1 && fields[0] === "_id") {
    fail("MongoDB makes the index on `_id` by itself; remove it.", name);
  }
  if (index.sparse && index.partialFilterExpression) {
    fail("`sparse` and `partialFilterExpression` exclude each other; keep the latter.", name);
  }
  if (index.expireAfterSeconds !== undefined) {
    if (fields.length !== 1) {
      fail("`expireAfterSeconds` works on one field alone; declare a separate index for it.", name);
    }
    const seconds = index.expireAfterSeconds;
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > 2_147_483_647) {
      fail(`\`expireAfterSeconds\` is ${seconds}; use whole seconds from 0 to 2147483647.`, name);
    }
  }
  const ofText = index.weights ?? index.default_language ?? index.language_override;
  if (ofText !== undefined && !Object.values(index.key).includes("text")) {
    fail(
      "`weights` and languages belong to text indexes; give a field the direction `text` or remove them.",
      name,
    );
  }
}
