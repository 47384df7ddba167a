import type { ServiceBroker } from "moleculer";
import type { CollectionIndexes } from "../../mixins/mongo-schema.mixin";

/** Services on any node that have declared indexes. */
export function servicesWithIndexes(broker: ServiceBroker): string[] {
  const actions: { name: string }[] = broker.registry.getActionList({ onlyAvailable: true });
  return actions
    .flatMap(({ name }) => (name.endsWith(".indexes") ? [name.slice(0, -".indexes".length)] : []))
    .sort();
}

/** A line for each index that is being built now, with its progress. */
export async function buildingLines(broker: ServiceBroker): Promise<string[]> {
  const answers = await Promise.all(
    servicesWithIndexes(broker).map((service) =>
      broker.call<CollectionIndexes[]>(`${service}.indexes`).catch((): CollectionIndexes[] => []),
    ),
  );
  return answers.flat().flatMap(({ collection, indexes }) =>
    indexes
      .filter(({ state }) => state === "building")
      .map(({ name, progress }) => {
        const how = progress ? `${progress.percent} % (${progress.phase})` : "begun";
        return `Index "${name}" of "${collection}" is being built: ${how}.`;
      }),
  );
}
