/** MongoDB works at one statement on one processor. Letters are taken while others are closed, so that it has twice as many at once. */
const PARTS = 2;
const SMALLEST = 100;

/** Works on parts of many items at once → what each part gave, in the items' order. Rejects when all have ended, if one has. */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  work: (part: Item[]) => Promise<Result>,
): Promise<Result[]> {
  const size = Math.max(SMALLEST, Math.ceil(items.length / PARTS));
  const parts: Item[][] = [];
  for (let from = 0; from < items.length; from += size) parts.push(items.slice(from, from + size));
  const ended = await Promise.allSettled(parts.map(work));
  return ended.map((part) => {
    if (part.status === "rejected") throw part.reason;
    return part.value;
  });
}
