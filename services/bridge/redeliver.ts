import { matchesAny } from "../../mixins/event-handler/patterns";
import type { Catalog } from "../../schemas/catalog";
import type {
  DeliverItem,
  DeliverRequest,
  DeliverResponse,
  EventEnvelope,
  Outcome,
} from "../../schemas/delivery";
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
  /** Sends messages to Kafka; resolves when they are acknowledged. */
  send(...messages: OutgoingMessage[]): Promise<void>;
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
  await ports.send(messageAgain(letter));
  return { status: "delivered" };
}

export function messageAgain({ id, original_topic, key, raw, headers }: Redelivery): OutgoingMessage {
  return {
    topic: original_topic,
    key,
    value: raw ?? "",
    headers: { ...headers, "weir-redriven-letter": id },
  };
}

function requestOf(letter: Redelivery, plugin: PluginGroup, event: EventEnvelope): DeliverRequest {
  return {
    group: plugin.group,
    topic: letter.original_topic,
    // No partition: the redelivery is fenced by its lease, not by the epochs of the partition's owners.
    partition: -1,
    epoch: 0,
    attempt: 0,
    ...scoped(letter),
    items: [itemOf(letter, event)],
  };
}

/** What failed in a replay is handled by the keys of that replay: by others it would count as done. */
export function scoped({ headers }: Redelivery): Pick<DeliverRequest, "scope"> {
  const scope = headers[REPLAY_SCOPE_HEADER];
  return scope === undefined ? {} : { scope };
}

export function itemOf(letter: Redelivery, event: EventEnvelope): DeliverItem {
  const { id, original_topic: topic, partition, offset, key, headers } = letter;
  return { event, delivery: { offset, key, headers, redelivered: true, replay: id, topic, partition } };
}

/** Throws WEIR_PLUGIN_AWAY where no node hosts the group, or none takes the type. */
export function receiver(
  ports: Pick<RedeliverPorts, "groups">,
  group: string,
  eventType: string,
): PluginGroup {
  const plugin = ports.groups().get(group);
  if (plugin && matchesAny(plugin.patterns, eventType)) return plugin;
  throw new WeirRetryableError(
    "WEIR_PLUGIN_AWAY",
    `No node hosts a plugin for group ${group} and ${eventType}: start it, then retry the letter.`,
    { group, event_type: eventType },
  );
}

function resultOf(outcome: DeliverResponse[number] | undefined, group: string): RedeliveryResult {
  const result = decidedResult(outcome);
  if (result) return result;
  throw couldNotTake(outcome, group);
}

/** Null for an event that waits. */
export function decidedResult(outcome: Outcome | undefined): RedeliveryResult | null {
  if (outcome?.status === "completed") return { status: "delivered" };
  if (outcome?.status === "duplicate") return { status: "duplicate" };
  if (outcome?.status !== "failed") return null;
  return { status: "failed", reason: outcome.reason, error: outcome.error };
}

export function couldNotTake(outcome: Outcome | undefined, group: string): WeirRetryableError {
  const why = (outcome?.status === "not_started" && outcome.reason) || (outcome?.status ?? "no outcome");
  return new WeirRetryableError(
    "WEIR_PLUGIN_BUSY",
    `Group ${group} could not take the event now (${why}): retry the letter later.`,
    { group },
  );
}
