import type { Collection, CollectionInsertManyOptions, CommonOptions, Db, OptionalId } from "mongodb";

const DUPLICATE_KEY = 11_000;
// The driver would refuse names with a dot, which JSON allows and MongoDB keeps. The typings do not know `checkKeys`.
const OPTIONS = { ordered: false, checkKeys: false } as CollectionInsertManyOptions;

interface WriteError {
  index: number;
  code: number;
  errmsg?: string;
}

/**
 * Inserts all documents in bulk but those that a unique index refuses, and answers the positions of these in ascending order.
 * Throws whatever else MongoDB says; some documents may be stored then. The documents get an `_id` if they have none.
 */
export async function insertNew<Document extends object>(
  collection: Collection<Document>,
  documents: OptionalId<Document>[],
): Promise<number[]> {
  try {
    await collection.insertMany(documents, OPTIONS);
    return [];
  } catch (error) {
    const { writeErrors = [] } = error as { writeErrors?: WriteError[] };
    if (writeErrors.length === 0) throw error;
    return refusedAsPresent(writeErrors, () => error);
  }
}

/**
 * The same by one command, which must not be larger than a document may be (16 MiB as BSON), is not repeated by the driver when
 * a connection breaks, and leaves the `_id` to the server. The driver's own way measures each document before it writes it, and keeps a
 * record of each: half as much again of the whole insert's time.
 */
export async function insertNewAtOnce(
  db: Db,
  collection: string,
  documents: readonly object[],
): Promise<number[]> {
  const command = { insert: collection, documents, ordered: false, writeConcern: { w: "majority" } };
  const reply = await db.command(command, { checkKeys: false } as CommonOptions);
  const { writeErrors = [] } = reply as { writeErrors?: WriteError[] };
  return refusedAsPresent(writeErrors, ({ code, errmsg }) => Object.assign(new Error(errmsg), { code }));
}

function refusedAsPresent(errors: WriteError[], errorOf: (other: WriteError) => unknown): number[] {
  const other = errors.find(({ code }) => code !== DUPLICATE_KEY);
  if (other) throw errorOf(other);
  return errors.map(({ index }) => index).sort((a, b) => a - b);
}
