import type { ServiceBroker } from "moleculer";
import type { CollectionIndexes, IndexState } from "../../mixins/mongo-schema.mixin";
import { defineCommand, Misuse } from "./command";
import { type Cell, table } from "./table";

export const INDEXES_HEAD = ["service", "collection", "index", "key", "options", "state"];

const OPTIONS = ["unique", "sparse", "expireAfterSeconds", "partialFilterExpression"] as const;

export function indexRows(service: string, collections: CollectionIndexes[]): Cell[][] {
  return collections.flatMap(({ collection, indexes }) =>
    indexes.length > 0
      ? indexes.map((index) => [
          service,
          collection,
          index.name,
          keyText(index),
          optionsText(index),
          stateText(index),
        ])
      : [[service, collection, "-", "_id", "", "none declared"]],
  );
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

function stateText({ state, difference = {} }: IndexState): string {
  const differing = Object.entries(difference).map(
    ([option, { declared, actual }]) =>
      `${option}: declared ${JSON.stringify(declared) ?? "nothing"}, there is ${JSON.stringify(actual) ?? "nothing"}`,
  );
  return [state.replace("_", " "), ...differing].join("\n");
}

/** Services on any node that have declared indexes. */
function servicesWithIndexes(broker: ServiceBroker): string[] {
  const actions: { name: string }[] = broker.registry.getActionList({ onlyAvailable: true });
  return actions
    .flatMap(({ name }) => (name.endsWith(".indexes") ? [name.slice(0, -".indexes".length)] : []))
    .sort();
}

export const indexesCommand = defineCommand({
  command: "indexes [services...]",
  description: "Declared against actual indexes, of all services or of the named ones",
  async run(broker, { operands }) {
    const known = servicesWithIndexes(broker);
    const unknown = operands.find((service) => !known.includes(service));
    if (unknown) throw new Misuse(`${unknown} declares no indexes; these do: ${known.join(", ") || "none"}.`);
    const rows: Cell[][] = [];
    for (const service of operands.length > 0 ? operands : known) {
      rows.push(
        ...indexRows(service, await broker.call<CollectionIndexes[], object>(`${service}.indexes`, {})),
      );
    }
    return rows.length > 0 ? table(INDEXES_HEAD, rows) : "No service declares any indexes.";
  },
});
