import type { CollectionIndexes, IndexState, IndexUsage } from "../../mixins/mongo-schema.mixin";
import type { Cell } from "../repl/table";

export const INDEXES_HEAD = ["service", "collection", "index", "key", "options", "state", "size", "uses"];

const OPTIONS = [
  ...(["unique", "sparse", "hidden", "expireAfterSeconds", "partialFilterExpression"] as const),
  ...(["weights", "default_language", "wildcardProjection", "collation"] as const),
];
const COLORS = {
  in_sync: "green",
  missing: "red",
  changed: "red",
  extra: "yellow",
  building: "yellow",
} as const;

/** A row per index; those of a collection that differs itself come after one for it. */
export function indexRows(service: string, collections: CollectionIndexes[]): Cell[][] {
  return collections.flatMap(({ collection, state, difference, indexes }) => {
    const rows: Cell[][] = indexes.map((index) => [
      ...[service, collection, index.name, keyText(index), optionsText(index)],
      { text: stateText(index), color: COLORS[index.state] },
      sizeText(index.usage),
      usesCell(index),
    ]);
    if (state !== "in_sync") {
      const text = stateText({ state, difference });
      rows.unshift([service, collection, "-", "the collection", "", { text, color: COLORS[state] }, "", ""]);
    }
    return rows.length > 0 ? rows : [[service, collection, "-", "_id", "", "none declared", "", ""]];
  });
}

function keyText({ key }: IndexState): string {
  return Object.entries(key)
    .map(([field, direction]) =>
      direction === 1 ? field : direction === -1 ? `${field} ↓` : `${field} ${direction}`,
    )
    .join("\n");
}

function optionsText({ declared, actual }: IndexState): string {
  const index: Record<string, unknown> = { ...(declared ?? actual) };
  return OPTIONS.filter((option) => index[option] !== undefined && index[option] !== false)
    .map((option) => (index[option] === true ? option : `${option} ${JSON.stringify(index[option])}`))
    .join("\n");
}

function stateText({
  state,
  difference = {},
  progress,
}: Pick<IndexState, "state" | "difference" | "progress">): string {
  const word = state.replace("_", " ");
  const differing = Object.entries(difference).map(
    ([option, { declared, actual }]) =>
      `${option}: declared ${JSON.stringify(declared) ?? "nothing"}, there is ${JSON.stringify(actual) ?? "nothing"}`,
  );
  return [progress ? `${word}, ${progress.percent} % (${progress.phase})` : word, ...differing].join("\n");
}

function sizeText({ size }: Partial<IndexUsage> = {}): string {
  if (size === undefined) return "";
  return size < 1024 * 1024 ? `${Math.ceil(size / 1024)} KiB` : `${(size / (1024 * 1024)).toFixed(1)} MiB`;
}

/** How often queries used it, since when. A unique or TTL index works without any query. */
function usesCell({ usage, declared, actual }: IndexState): Cell {
  if (!usage) return "";
  const since = usage.since
    ? ` since ${new Date(usage.since).toISOString().slice(0, 16).replace("T", " ")}`
    : "";
  const index: Record<string, unknown> = { ...declared, ...actual };
  const before = usage.hidden?.usage ? `\n${usage.hidden.usage.uses} before it was hidden` : "";
  const works = index.unique === true || index.expireAfterSeconds !== undefined;
  if (usage.uses > 0 || works) return `${usage.uses}${since}${before}`;
  return { text: `unused${since}${before}`, color: "yellow" };
}
