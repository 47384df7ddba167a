import type { CollectionIndexes, IndexesParams } from "../../mixins/mongo-schema.mixin";
import { servicesWithIndexes } from "../indexes/building-lines";
import { INDEXES_HEAD, indexRows } from "../indexes/index-rows";
import { defineCommand, Misuse } from "./command";
import { type Cell, table } from "./table";

export const indexesCommand = defineCommand({
  command: "indexes [services...]",
  description: "Declared against actual indexes, their sizes and uses, of all services or of the named ones",
  async run(broker, { operands }) {
    const known = servicesWithIndexes(broker);
    const unknown = operands.find((service) => !known.includes(service));
    if (unknown) throw new Misuse(`${unknown} declares no indexes; these do: ${known.join(", ") || "none"}.`);
    const rows: Cell[][] = [];
    for (const service of operands.length > 0 ? operands : known) {
      const params = { stats: true };
      rows.push(
        ...indexRows(
          service,
          await broker.call<CollectionIndexes[], IndexesParams>(`${service}.indexes`, params),
        ),
      );
    }
    if (rows.length === 0) return "No service declares any indexes.";
    return `${table(INDEXES_HEAD, rows)}\nUses are counted since MongoDB started, or since the index was built or hidden.`;
  },
});
