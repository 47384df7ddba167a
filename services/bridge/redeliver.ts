import { matchesAny } from "../../mixins/event-handler/patterns";
import type { Catalog } from "../../schemas/catalog";
import type { DeliverRequest, DeliverResponse, EventEnvelope } from "../../schemas/delivery";
import { WeirRetryableError } from "../../schemas/errors";
import type { Redelivery, RedeliveryResult } from "../../schemas/redelivery";
import { REPLAY_SCOPE_HEADER } from "../../schemas/replay";
import type { OutgoingMessage } from "../kafka/event-producer";
import type { PluginGroup } from "./groups";
import { readMessage } from "./read-message";

export interface RedeliverPorts {
  catalog: Catalog;
  groups(): Map<string, PluginGroup>;
  deliver(service: string, request: DeliverRequest): Promise<DeliverResponse>;
  /** Sends a message to Kafka; resolves when it is acknowledged. */
  send(message: OutgoingMessage): Promise<void>;
}

/**
 * Decodes and validates a letter anew. An event that one group failed goes to that group. A message that was refused goes back
 * to its topic: no group has been handed it yet, and those that are away now must get it too.
 */
export async function redeliver(ports: RedeliverPorts, letter: Redelivery): Promise<RedeliveryResult> {
  const read = readMessage(letter.raw, ports.catalog);
  if (read.refusal) return { status: "refused", reason: read.refusal.reason, error: read.refusal.error };
  if (letter.group === undefined) return sendAgain(ports, letter);
  const plugin = receiver(ports, letter.group, read.event.event_type);
  const [outcome] = await ports.deliver(plugin.service, requestOf(letter, plugin, read.event));
  return resultOf(outcome, plugin.group);
}

async function sendAgain(ports: RedeliverPorts, letter: Redelivery): Promise<RedeliveryResult> {
  const { id, original_topic: topic, key, raw, headers } = letter;
  await ports.send({ topic, key, value: raw ?? "", headers: { ...headers, "weir-redriven-letter": id } });
  return { status: "delivered" };
}

function requestOf(letter: Redelivery, plugin: PluginGroup, event: EventEnvelope): DeliverRequest {
  const { id, original_topic: topic, partition, offset, key, headers } = letter;
  const delivery = { offset, key, headers, redelivered: true, replay: id, topic, partition };
  // What failed in a replay is handled by the keys of that replay.
  const scope = headers[REPLAY_SCOPE_HEADER];
  // No partition: the redrive is fenced by its lease, not by the epochs of the partition's owners.
  return {
    group: plugin.group,
    topic,
    partition: -1,
    epoch: 0,
    attempt: 0,
    ...(scope !== undefined && { scope }),
    items: [{ event, delivery }],
  };
}

function receiver(ports: RedeliverPorts, group: string, eventType: string): PluginGroup {
  const plugin = ports.groups().get(group);
  if (plugin && matchesAny(plugin.patterns, eventType)) return plugin;
  throw new WeirRetryableError(
    "WEIR_PLUGIN_AWAY",
    `No node hosts a plugin for group ${group} and ${eventType}: start it, then retry the letter.`,
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
