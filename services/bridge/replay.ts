import { idempotencyKey } from "../../mixins/event-handler/idempotency-key";
import { matchesAny } from "../../mixins/event-handler/patterns";
import type { Catalog } from "../../schemas/catalog";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { DeliverItem, DeliverRequest, DeliverResponse, Outcome } from "../../schemas/delivery";
import { WeirRetryableError } from "../../schemas/errors";
import {
  REPLAY_KEYS_KEPT_MS,
  REPLAY_SCOPE_HEADER,
  type ReplayAnswer,
  type ReplayFate,
  type ReplayItem,
  type ReplayRequest,
  replayName,
} from "../../schemas/replay";
import type { PluginGroup } from "./groups";
import { keepsOrder, laneOfLetter } from "./strict-order";
import { fitRequest } from "./transporter-limit";

export interface ReplayPorts {
  catalog: Catalog;
  groups(): Map<string, PluginGroup>;
  isLocal(service: string): boolean;
  /** Of one packet to another node. */
  maxTransporterBytes: number;
  deliver(service: string, request: DeliverRequest): Promise<DeliverResponse>;
  /** Resolves when every letter is stored. */
  deadLetter(letters: DeadLetterInput[]): Promise<void>;
  now(): Date;
}

type Failed = Extract<Outcome, { status: "failed" }>;

/**
 * A chunk of stored events on the way that live ones go: validated anew, handed to the group's plugin, and what fails is a
 * dead letter of the group. Throws WEIR_PLUGIN_AWAY where no node hosts the plugin, and what the plugin's node throws.
 */
export async function replay(ports: ReplayPorts, request: ReplayRequest): Promise<ReplayAnswer> {
  const plugin = ports.groups().get(request.group);
  if (!plugin) throw pluginAway(request.group);
  const fates: ReplayFate[] = request.items.map(() => "waiting");
  const wanted: number[] = [];
  const failed: [index: number, outcome: Failed, handedOver: boolean][] = [];
  for (const [index, { event }] of request.items.entries()) {
    const checked = ports.catalog.validate(event);
    if (!matchesAny(plugin.patterns, event.event_type)) fates[index] = "passed_over";
    else if (checked.valid) wanted.push(index);
    else failed.push([index, noLongerValid(request, event, checked), false]);
  }

  const outcomes = wanted.length > 0 ? await handOver(ports, plugin, request, wanted) : [];
  let reason: string | undefined;
  for (const [at, outcome] of outcomes.entries()) {
    const index = wanted[at] as number;
    if (outcome.status === "failed") failed.push([index, outcome, true]);
    else if (outcome.status === "completed" || outcome.status === "duplicate") fates[index] = outcome.status;
    else if (outcome.status === "not_started") reason ??= outcome.reason;
  }

  if (failed.length > 0) {
    const at = ports.now();
    await ports.deadLetter(
      failed.map(([index, outcome, handedOver]) => {
        const item = request.items[index] as ReplayItem;
        const letter = letterOf(request, item, outcome, at);
        // What is no valid event any more is in nobody's order, as it would not be if it came from Kafka.
        if (!handedOver || !keepsOrder(plugin, item.event.event_type)) return letter;
        const place = { ...item, scope: scopeOf(request) };
        return { ...letter, ...laneOfLetter(request.group, place, outcome) };
      }),
    );
    for (const [index] of failed) fates[index] = "failed";
  }
  return { fates, ...(reason !== undefined && { reason }) };
}

async function handOver(
  ports: ReplayPorts,
  plugin: PluginGroup,
  request: ReplayRequest,
  indexes: number[],
): Promise<DeliverResponse> {
  const { replay: id, epoch, attempt, again, max_failures } = request;
  const items = indexes.map((index): DeliverItem => {
    const { event, ...place } = request.items[index] as ReplayItem;
    return { event, delivery: { ...place, headers: {}, redelivered: true, replay: id } };
  });
  const chunk: DeliverRequest = {
    group: plugin.group,
    topic: replayName(id),
    // The session's epoch fences claims as a partition's does. A transaction has no claim in hand to be fenced: its keys decide.
    partition: plugin.transaction ? -1 : 0,
    epoch,
    attempt,
    keep_keys_ms: REPLAY_KEYS_KEPT_MS,
    ...(again && { scope: replayName(id) }),
    ...(max_failures !== undefined && { max_failures }),
    ...(plugin.strict.length > 0 && { park: true }),
    items,
  };
  if (ports.isLocal(plugin.service)) return ports.deliver(plugin.service, chunk);
  // What does not fit into one packet waits for the next.
  const fitted = fitRequest(chunk, ports.maxTransporterBytes);
  return fitted.refused ? [fitted.refused] : ports.deliver(plugin.service, { ...chunk, items: fitted.items });
}

function noLongerValid(
  request: ReplayRequest,
  event: ReplayItem["event"],
  checked: Extract<ReturnType<Catalog["validate"]>, { valid: false }>,
): Failed {
  const { reason, errors } = checked;
  const message = errors.map(({ path, message: text }) => `${path || "/"} ${text}`).join("; ");
  const type = `WEIR_EVENT_${reason.toUpperCase()}`;
  const key = idempotencyKey(request.group, "event", event, scopeOf(request));
  return { status: "failed", reason, error: { type, message, details: { errors } }, attempts: 0, key };
}

function letterOf(request: ReplayRequest, item: ReplayItem, failed: Failed, now: Date): DeadLetterInput {
  const { event, topic, partition, offset, key } = item;
  const scope = scopeOf(request);
  return {
    identity: `failed|${failed.key}`,
    event_id: event.event_id,
    event_type: event.event_type,
    group: request.group,
    reason: failed.reason,
    error: failed.error,
    attempts: failed.attempts,
    first_failed_at: now,
    original_topic: topic,
    partition,
    offset,
    key,
    // Its redelivery has to go by the same keys, or what was handled before the replay would count as done.
    headers: scope === undefined ? {} : { [REPLAY_SCOPE_HEADER]: scope },
    raw: Buffer.from(JSON.stringify(event)),
  };
}

function scopeOf({ again, replay: id }: ReplayRequest): string | undefined {
  return again ? replayName(id) : undefined;
}

export function pluginAway(group: string): WeirRetryableError {
  return new WeirRetryableError(
    "WEIR_PLUGIN_AWAY",
    `No node hosts a plugin for group ${group}: start it; the replay waits.`,
    { group },
  );
}
