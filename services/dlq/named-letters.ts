import { Errors } from "moleculer";
import type { Collection } from "mongodb";
import type { Letter } from "./letter";
import { type LetterFilter, queryOf } from "./query";

/** How a caller names letters: one, some, or all open ones that match. */
export interface Items {
  id?: string;
  ids?: string[];
  filter?: Omit<LetterFilter, "status">;
}

/** Throws a ValidationError unless exactly one way of naming letters is used. */
export function assertOneWay({ id, ids, filter }: Items): void {
  if ([id, ids, filter].filter((value) => value !== undefined).length === 1) return;
  throw new Errors.ValidationError(
    "Name the letters by one of `id`, `ids` and `filter`.",
    "VALIDATION_ERROR",
    [{ type: "required", field: "id", message: "Exactly one of `id`, `ids` and `filter` is needed." }],
  );
}

/** Ids of the named letters, each once; a filter means all open letters that match, not one page of them. */
export async function namedLetters(collection: Collection<Letter>, items: Items): Promise<string[]> {
  assertOneWay(items);
  const { id, ids, filter } = items;
  if (!filter) return [...new Set([id, ids].flat().flatMap((text) => text?.toLowerCase() ?? []))];
  const matching = { ...queryOf(filter), open: true };
  const found = await collection
    .find(matching, { projection: { _id: 1 } })
    .sort({ _id: 1 })
    .toArray();
  return found.map(({ _id }) => _id.toHexString());
}
