import type { Logger } from "moleculer";
import type { Db, IndexSpecification, MongoError } from "mongodb";
import { WeirError } from "../../schemas/errors";
import { isUnreachable } from "./connection-errors";
import { type CollectionDeclaration, type IndexDeclaration, indexName } from "./declaration";
import { type ActualIndex, type IndexState, plan } from "./plan";

const NAMESPACE_NOT_FOUND = 26;
const NAMESPACE_EXISTS = 48;
/** IndexOptionsConflict, IndexKeySpecsConflict: another process made an index with this name or key meanwhile. */
const CONFLICTS = [85, 86];
const ATTEMPTS = 3;

/** Creates what is missing of a collection and its indexes, however many processes do so at once; answers every index's state. */
export async function ensureCollection(
  db: Db,
  declaration: CollectionDeclaration,
  { service, logger }: { service: string; logger: Logger },
): Promise<IndexState[]> {
  for (let attempt = 1; ; attempt++) {
    const actual = await readIndexes(db, declaration.collection);
    if (!actual) await createCollection(db, declaration);
    const states = plan(declaration.indexes ?? [], actual ?? []);
    const missing = states.flatMap((state) =>
      state.state === "missing" && state.declared ? [state.declared] : [],
    );
    if (missing.length === 0) return states;
    try {
      await db.collection(declaration.collection).createIndexes(missing.map(specificationOf));
      const names = missing.map(indexName);
      logger.info(`Indexes of "${declaration.collection}" created: ${names.join(", ")}.`);
    } catch (error) {
      if (isUnreachable(error)) throw error;
      const conflict = CONFLICTS.includes((error as MongoError).code as number);
      if (!conflict || attempt === ATTEMPTS)
        throw notCreated(service, declaration.collection, missing, error as Error);
    }
  }
}

/** Declared against actual, changing nothing. */
export async function inspectCollection(db: Db, declaration: CollectionDeclaration): Promise<IndexState[]> {
  return plan(declaration.indexes ?? [], (await readIndexes(db, declaration.collection)) ?? []);
}

/** Says what differs and what to do; a differing index goes on serving as it is. */
export function warnOfChanged(collection: string, states: IndexState[], logger: Logger): void {
  for (const { name, difference } of states.filter((state) => state.state === "changed")) {
    const what = Object.entries(difference ?? {})
      .map(([option, { declared, actual }]) => `${option} is ${show(actual)}, declared ${show(declared)}`)
      .join("; ");
    logger.warn(
      `Index "${name}" of collection "${collection}" is not as declared: ${what}. It is left as it is. ` +
        `To have it as declared, run db.getCollection("${collection}").dropIndex("${name}") in mongosh and restart.`,
    );
  }
}

async function readIndexes(db: Db, collection: string): Promise<ActualIndex[] | undefined> {
  try {
    return (await db.collection(collection).listIndexes().toArray()) as ActualIndex[];
  } catch (error) {
    if ((error as MongoError).code === NAMESPACE_NOT_FOUND) return undefined;
    throw error;
  }
}

async function createCollection(db: Db, { collection, options }: CollectionDeclaration): Promise<void> {
  try {
    // A copy: the driver writes into the options that it is given.
    await db.createCollection(collection, { ...options });
  } catch (error) {
    if ((error as MongoError).code !== NAMESPACE_EXISTS) throw error;
  }
}

function specificationOf({ description: _, ...index }: IndexDeclaration): IndexSpecification {
  return { ...index, name: indexName(index) };
}

function notCreated(
  service: string,
  collection: string,
  missing: IndexDeclaration[],
  error: Error,
): WeirError {
  const indexes = missing.map(indexName);
  return new WeirError(
    "WEIR_INDEX_NOT_CREATED",
    `Service "${service}", collection "${collection}": MongoDB did not create ${indexes.join(", ")} (${error.message}). ` +
      "Correct the declaration, or the documents that contradict it, and restart.",
    { service, collection, indexes },
  );
}

function show(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}
