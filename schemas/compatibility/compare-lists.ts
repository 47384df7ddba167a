import type { Comparison } from "./break";

export const OF_LISTS = ["items", "prefixItems"];

/** What the items of a list may be: the first ones each by its place, all further ones alike. */
export function compareLists({ path, was, is, add, visit, same }: Comparison): void {
  const [first, firstNow] = [listIn(was.prefixItems), listIn(is.prefixItems)];
  for (let index = 0; index < Math.max(first.length, firstNow.length); index += 1) {
    const [old, now] = [first[index] ?? was.items, firstNow[index] ?? is.items];
    compareItems(`${path}/${index}`, old, now);
  }
  compareItems(`${path}/*`, was.items, is.items);

  function compareItems(at: string, old: unknown, now: unknown): void {
    if (old !== undefined && now !== undefined) visit(at, old, now);
    else if (now !== undefined && !same(true, now))
      add("limit_narrowed", "the items of the list are described now, and were anything before");
  }
}

function listIn(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
