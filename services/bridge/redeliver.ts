import { matchesAny } from "../../mixins/event-handler/patterns";
import type { Catalog } from "../../schemas/catalog";
import type { DeliverRequest, DeliverResponse, EventFailure } from "../../schemas/delivery";
import { WeirRetryableError } from "../../schemas/errors";
import type { PluginGroup } from "./groups";
import { readMessage } from "./read-message";

/** A dead letter as `dlq` hands it over. */
export interface Redelivery {
  id: string;
  /** The group that failed; absent for a message that no group was handed yet. */
  group?: string;
  raw: Buffer | null;
  original_topic: string;
  partition: number;
  offset: string;
  key: string | null;
  headers: Record<string, string>;
}

export interface RedeliveryResult {
  status: "delivered" | "duplicate" | "failed" | "refused";
  reason?: string;
  error?: EventFailure;
}

export interface RedeliverPorts {
  catalog: Catalog;
  groups(): Map<string, PluginGroup>;
  deliver(service: string, request: DeliverRequest): Promise<DeliverResponse>;
}

/** Decodes and validates a letter anew, and hands it to the group that failed, or to all that want it. */
export async function redeliver(ports: RedeliverPorts, letter: Redelivery): Promise<RedeliveryResult> {
  const read = readMessage(letter.raw, ports.catalog);
  if (read.refusal) return { status: "refused", reason: read.refusal.reason, error: read.refusal.error };
  const { event } = read;
  const results: RedeliveryResult[] = [];
  for (const plugin of receivers(ports, letter, event.event_type)) {
    const outcomes = await ports.deliver(plugin.service, {
      group: plugin.group,
      topic: letter.original_topic,
      // No partition: the redrive is fenced by its lease, not by the epochs of the partition's owners.
      partition: -1,
      epoch: 0,
      attempt: 0,
      items: [
        {
          event,
          delivery: {
            offset: letter.offset,
            key: letter.key,
            headers: letter.headers,
            redelivered: true,
            replay: letter.id,
            topic: letter.original_topic,
            partition: letter.partition,
          },
        },
      ],
    });
    const result = resultOf(outcomes[0], plugin.group);
    if (result.status === "failed") return result;
    results.push(result);
  }
  return results.every(({ status }) => status === "duplicate")
    ? { status: "duplicate" }
    : { status: "delivered" };
}

function receivers(ports: RedeliverPorts, { group }: Redelivery, eventType: string): PluginGroup[] {
  const groups = ports.groups();
  const chosen =
    group === undefined ? [...groups.values()] : [groups.get(group)].filter((found) => found !== undefined);
  const receiving = chosen.filter(({ patterns }) => matchesAny(patterns, eventType));
  if (receiving.length > 0) return receiving;
  throw new WeirRetryableError(
    "WEIR_PLUGIN_AWAY",
    `No node hosts a plugin for ${group === undefined ? eventType : `group ${group} and ${eventType}`}: start it, then retry the letter.`,
    { group, event_type: eventType },
  );
}

function resultOf(outcome: DeliverResponse[number] | undefined, group: string): RedeliveryResult {
  if (outcome?.status === "completed") return { status: "delivered" };
  if (outcome?.status === "duplicate") return { status: "duplicate" };
  if (outcome?.status === "failed") return { status: "failed", reason: outcome.reason, error: outcome.error };
  throw new WeirRetryableError(
    "WEIR_PLUGIN_BUSY",
    `Group ${group} could not take the event now (${outcome?.status ?? "no outcome"}): retry the letter later.`,
    { group },
  );
}
