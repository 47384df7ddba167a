import type { Configuration } from "../../schemas/configuration/configuration";
import type { DeliverRequest, DeliverResponse, EventEnvelope } from "../../schemas/delivery";
import type { BatchedResult, Redelivery, RedeliveryBatch, RedeliveryFence } from "../../schemas/redelivery";
import { chunkEnd } from "./chunk-end";
import type { PluginGroup } from "./groups";
import { readMessage } from "./read-message";
import {
  couldNotTake,
  decidedResult,
  itemOf,
  messageAgain,
  type RedeliverPorts,
  receiver,
} from "./redeliver";
import { fitRequest } from "./transporter-limit";

/** After so long no further delivery of a batch is begun: the caller hands over again what was left. */
const BEGIN_WITHIN_MS = 20_000;

export interface RedeliverManyPorts extends RedeliverPorts {
  chunk: Configuration["chunk"];
  isLocal(service: string): boolean;
  now(): number;
}

/** A letter whose message is an event, on its way to one plugin. */
interface Ready {
  index: number;
  letter: Redelivery;
  event: EventEnvelope;
  value: Buffer | null;
}

/**
 * Decodes and validates letters anew and hands them over, those of one group in chunks as large as live ones and in their
 * order, groups side by side. Never throws for one letter: what could not be handed over says `not_now`.
 */
export async function redeliverMany(
  ports: RedeliverManyPorts,
  { letters, fence }: RedeliveryBatch,
): Promise<BatchedResult[]> {
  const results: BatchedResult[] = new Array(letters.length);
  const refused: Ready[] = [];
  const byPlugin = new Map<string, { plugin: PluginGroup; ready: Ready[] }>();
  const plugins = ports.groups();
  for (const [index, letter] of letters.entries()) {
    const read = readMessage(letter.raw, ports.catalog);
    if (read.refusal) {
      const { reason, error } = read.refusal;
      results[index] = { status: "refused", reason, error };
      continue;
    }
    const ready: Ready = { index, letter, event: read.event, value: letter.raw };
    if (letter.group === undefined) refused.push(ready);
    else results[index] = assign(byPlugin, plugins, ready, letter.group) ?? NOT_BEGUN;
  }
  const until = ports.now() + BEGIN_WITHIN_MS;
  await Promise.all([
    sendAgain(ports, refused, results),
    ...[...byPlugin.values()].map(({ plugin, ready }) =>
      deliverAll(ports, { fence, plugin, until }, ready, results),
    ),
  ]);
  return results;
}

const NOT_BEGUN: BatchedResult = {
  status: "not_now",
  error: { type: "WEIR_PLUGIN_BUSY", message: "The letter's turn did not come in time." },
};

/** Puts the letter to those of its plugin; what nobody takes now is its result at once. */
function assign(
  byPlugin: Map<string, { plugin: PluginGroup; ready: Ready[] }>,
  plugins: Map<string, PluginGroup>,
  ready: Ready,
  group: string,
): BatchedResult | undefined {
  try {
    const plugin = receiver({ groups: () => plugins }, group, ready.event.event_type);
    const of = byPlugin.get(group) ?? { plugin, ready: [] };
    of.ready.push(ready);
    byPlugin.set(group, of);
    return undefined;
  } catch (error) {
    return notNow(error);
  }
}

async function sendAgain(ports: RedeliverManyPorts, ready: Ready[], results: BatchedResult[]): Promise<void> {
  if (ready.length === 0) return;
  const sent = await ports
    .send(...ready.map(({ letter }) => messageAgain(letter)))
    .then((): BatchedResult => ({ status: "delivered" }), notNow);
  for (const { index } of ready) results[index] = sent;
}

interface Way {
  fence: RedeliveryFence;
  plugin: PluginGroup;
  until: number;
}

/** Chunk after chunk; what a chunk leaves undone is handed over again as long as it gets on. */
async function deliverAll(
  ports: RedeliverManyPorts,
  way: Way,
  ready: Ready[],
  results: BatchedResult[],
): Promise<void> {
  const local = ports.isLocal(way.plugin.service);
  const limits = {
    maxMessages: ports.chunk.maxMessages,
    maxBytes: local ? ports.chunk.maxBytes : ports.chunk.maxRemoteBytes,
  };
  let rest = ready;
  while (rest.length > 0 && ports.now() < way.until) {
    const chunk = rest.slice(0, chunkEnd(rest, 0, limits));
    const outcomes = await deliverChunk(ports, way, chunk, local).catch(notNow);
    if (!Array.isArray(outcomes)) {
      for (const { index } of rest) results[index] = outcomes;
      return;
    }
    const undone = chunk.filter((one, at) => {
      const result = decidedResult(outcomes[at]);
      results[one.index] = result ?? notNow(couldNotTake(outcomes[at], way.plugin.group));
      return result === null;
    });
    // Nobody takes these now. What follows them may be of other keys, but not of their own: it waits with them.
    if (undone.length === chunk.length) return;
    rest = [...undone, ...rest.slice(chunk.length)];
  }
}

function deliverChunk(
  ports: RedeliverManyPorts,
  { fence, plugin }: Way,
  chunk: Ready[],
  local: boolean,
): Promise<DeliverResponse> {
  const request: DeliverRequest = {
    group: plugin.group,
    topic: `redrive/${fence.scope}`,
    partition: -1,
    epoch: fence.epoch,
    attempt: fence.attempt,
    items: chunk.map(({ letter, event }) => itemOf(letter, event)),
  };
  if (local) return ports.deliver(plugin.service, request);
  // What no longer fits is handed over in the next round.
  const { items, refused } = fitRequest(request, ports.chunk.maxTransporterBytes);
  return refused ? Promise.resolve([refused]) : ports.deliver(plugin.service, { ...request, items });
}

function notNow(error: unknown): BatchedResult {
  const { type, name, message } = error as { type?: string; name?: string; message?: string };
  return { status: "not_now", error: { type: type ?? name ?? "Error", message: message ?? String(error) } };
}
