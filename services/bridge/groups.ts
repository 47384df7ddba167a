import type { PluginMetadata } from "../../schemas/delivery";

/** The part of a registry entry that tells whether a service is a plugin. */
export interface RegisteredService {
  fullName: string;
  nodeID: string;
  available: boolean;
  metadata: Record<string, unknown>;
}

/** One consumer group as the registry shows it now, over all nodes that host its plugin. */
export interface PluginGroup {
  group: string;
  /** The service whose `deliver` action takes its events. */
  service: string;
  /** Everything that any node's version asks for: all members of a group must subscribe to the same topics. */
  patterns: string[];
  startFrom: PluginMetadata["startFrom"];
  deadLettersRefused: boolean;
  /** True where effects, claim and progress commit together. */
  transaction: boolean;
  /** Those of the patterns, of any node's version, whose events wait behind a failed one of their Kafka key. */
  strict: string[];
  nodes: string[];
}

export interface GroupConflict {
  group: string;
  services: [string, string];
}

/** Reads the plugins out of the registry. A group that two services claim belongs to the first by name. */
export function groupsOf(services: readonly RegisteredService[]): {
  groups: Map<string, PluginGroup>;
  conflicts: GroupConflict[];
} {
  const groups = new Map<string, PluginGroup>();
  const conflicts: GroupConflict[] = [];
  const byName = [...services].sort((a, b) =>
    a.fullName < b.fullName ? -1 : a.fullName > b.fullName ? 1 : 0,
  );
  for (const { fullName, nodeID, available, metadata } of byName) {
    const plugin = metadata.weir;
    if (!available || !isPlugin(plugin)) continue;
    const known = groups.get(plugin.group);
    if (known && known.service !== fullName) {
      conflicts.push({ group: plugin.group, services: [known.service, fullName] });
      continue;
    }
    groups.set(plugin.group, {
      group: plugin.group,
      service: fullName,
      patterns: [...new Set([...(known?.patterns ?? []), ...plugin.patterns])].sort(),
      startFrom: known?.startFrom ?? plugin.startFrom,
      deadLettersRefused: known?.deadLettersRefused ?? plugin.deadLettersRefused,
      transaction: known?.transaction ?? plugin.transaction,
      strict: [...new Set([...(known?.strict ?? []), ...(plugin.strict ?? [])])].sort(),
      nodes: [...(known?.nodes ?? []), nodeID].sort(),
    });
  }
  return { groups, conflicts };
}

function isPlugin(value: unknown): value is PluginMetadata {
  return typeof value === "object" && value !== null && (value as PluginMetadata).wire === 1;
}
