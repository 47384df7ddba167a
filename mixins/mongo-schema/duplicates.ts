import type { Target } from "./target";

const GROUPS = 3;
const DOCUMENTS = 3;
/** Looking for examples must not become the load that the index was to spare. */
const SEARCH_MS = 5_000;

interface DuplicateError {
  keyValue?: Record<string, unknown>;
  /** Of a `collMod`: which documents have the same key, group by group. */
  violations?: { ids: unknown[] }[];
}

/** `{"order_id":1} in the documents 6b06…, 6b07…`: some of what contradicts a unique index; empty when nothing was found. */
export async function duplicateExamples(
  { db, declaration: { collection } }: Pick<Target, "db" | "declaration">,
  key: Record<string, unknown>,
  error: unknown,
): Promise<string[]> {
  const { keyValue, violations } = error as DuplicateError;
  const documents = db.collection<Record<string, unknown>>(collection);
  const projection = Object.fromEntries(Object.keys(key).map((field) => [field, 1]));
  if (violations) {
    return await Promise.all(
      violations.slice(0, GROUPS).map(async ({ ids }) => {
        const one = await documents
          .findOne({ _id: ids[0] }, { projection: { _id: 0, ...projection } })
          .catch(() => null);
        return example(one, ids);
      }),
    );
  }
  if (!keyValue) return [];
  const found = await documents
    .find(keyValue, { projection: { _id: 1 }, limit: DOCUMENTS + 1 })
    .maxTimeMS(SEARCH_MS)
    .toArray()
    .catch(() => []);
  return [
    example(
      keyValue,
      found.map(({ _id }) => _id),
    ),
  ];
}

function example(keyValue: object | null, ids: unknown[]): string {
  const shown = ids.slice(0, DOCUMENTS).map(String).join(", ");
  const where = ids.length === 0 ? "" : ` in the documents ${shown}${ids.length > DOCUMENTS ? ", …" : ""}`;
  return `${JSON.stringify(keyValue ?? "?")}${where}`;
}
