import type { Db } from "mongodb";
import { WeirError } from "../../schemas/errors";
import { catalogueOf } from "./catalogue";
import { type ActualCollection, type ActualIndex, type CollectionPlan, plan } from "./plan";
import { codeOf } from "./server-errors";
import type { Target } from "./target";

const NAMESPACE_NOT_FOUND = 26;
/** IDLUnknownField and its predecessors: a server that does not know `includeIndexBuildInfo`. */
const UNKNOWN_FIELD = [9, 59, 72, 40415];
const MORE_THAN_ALL = 1000;

interface Listed {
  spec?: ActualIndex;
  indexBuildInfo?: object;
}

/** Declared against actual, changing nothing: one `listIndexes`, and one `listCollections` for all collections read about now. */
export async function inspectCollection(
  { db, declaration }: Pick<Target, "db" | "declaration">,
  { fresh = false } = {},
): Promise<CollectionPlan> {
  return plan(declaration, await readCollection(db, declaration.collection, fresh));
}

async function readCollection(db: Db, name: string, fresh: boolean): Promise<ActualCollection | undefined> {
  const [indexes, catalogue] = await Promise.all([listIndexes(db, name), catalogueOf(db, { fresh })]);
  if (!indexes) return undefined;
  const entry = catalogue.get(name) ?? (await catalogueOf(db, { fresh: true })).get(name);
  return entry && { options: entry.options, indexes };
}

async function listIndexes(db: Db, collection: string): Promise<ActualIndex[] | undefined> {
  const document = { listIndexes: collection, cursor: { batchSize: MORE_THAN_ALL } };
  try {
    // Without it an index that is only being built looks like a finished one.
    const { cursor } = await db.command({ ...document, includeIndexBuildInfo: true });
    return (cursor.firstBatch as Listed[]).map(({ spec, indexBuildInfo, ...plain }) => {
      return { ...(spec ?? (plain as ActualIndex)), ...(indexBuildInfo && { building: true }) };
    });
  } catch (error) {
    if (codeOf(error) === NAMESPACE_NOT_FOUND) return undefined;
    if (UNKNOWN_FIELD.includes(codeOf(error))) return (await db.command(document)).cursor.firstBatch;
    if (codeOf(error) !== 166) throw error;
    throw new WeirError(
      "WEIR_INDEX_NOT_CREATED",
      `"${collection}" is a view, and a view has no indexes: declare the collection that it shows, or rename one of the two.`,
      { collection },
    );
  }
}
