import type { Collection, CollectionInsertManyOptions, OptionalId } from "mongodb";

const DUPLICATE_KEY = 11_000;
// The driver would refuse names with a dot, which JSON allows and MongoDB keeps. The typings do not know `checkKeys`.
const OPTIONS = { ordered: false, checkKeys: false } as CollectionInsertManyOptions;

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
    const { writeErrors = [] } = error as { writeErrors?: { code: number; index: number }[] };
    const onlyDuplicates = writeErrors.length > 0 && writeErrors.every(({ code }) => code === DUPLICATE_KEY);
    if (!onlyDuplicates) throw error;
    return writeErrors.map(({ index }) => index).sort((a, b) => a - b);
  }
}
