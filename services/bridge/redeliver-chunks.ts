import type { Configuration } from "../../schemas/configuration/configuration";
import type { DeliverRequest, DeliverResponse, EventEnvelope } from "../../schemas/delivery";
import {
  type BatchedResult,
  type Redelivery,
  type RedeliveryFence,
  redriveName,
} from "../../schemas/redelivery";
import { chunkEnd } from "./chunk-end";
import type { PluginGroup } from "./groups";
import { couldNotTake, decidedResult, itemOf, type RedeliverPorts, scoped } from "./redeliver";
import { fitRequest } from "./transporter-limit";

export interface RedeliverManyPorts extends RedeliverPorts {
  chunk: Configuration["chunk"];
  isLocal(service: string): boolean;
  now(): number;
}

/** A letter whose message is an event, on its way to one plugin. */
export interface Ready {
  index: number;
  letter: Redelivery;
  event: EventEnvelope;
  value: Buffer | null;
}

interface Way {
  fence: RedeliveryFence;
  plugin: PluginGroup;
  until: number;
}

/** Chunk after chunk; what a chunk leaves undone is handed over again as long as it gets on. */
export async function deliverAll(
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
    const chunk = ofOneScope(rest.slice(0, chunkEnd(rest, 0, limits)));
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
    const behind = rest.slice(chunk.length);
    rest = undone.length < chunk.length ? [...undone, ...behind] : notHeldUp(behind, undone);
  }
}

/** The first ones, as many as go by the same keys: live ones by the plain keys, those of a replay by that replay's. */
function ofOneScope(chunk: Ready[]): Ready[] {
  const [first] = chunk;
  if (!first) return chunk;
  const { scope } = scoped(first.letter);
  const other = chunk.findIndex(({ letter }) => scoped(letter).scope !== scope);
  return other < 0 ? chunk : chunk.slice(0, other);
}

/** What may go although nobody takes those before it now: neither under their Kafka keys, nor by the same idempotency keys' scope. */
function notHeldUp(behind: Ready[], undone: Ready[]): Ready[] {
  const keys = new Set(undone.flatMap(({ letter: { key } }) => key ?? []));
  const scopes = new Set(undone.map(({ letter }) => scoped(letter).scope));
  return behind.filter(
    ({ letter }) => !scopes.has(scoped(letter).scope) && (letter.key === null || !keys.has(letter.key)),
  );
}

function deliverChunk(
  ports: RedeliverManyPorts,
  { fence, plugin }: Way,
  chunk: Ready[],
  local: boolean,
): Promise<DeliverResponse> {
  const request: DeliverRequest = {
    group: plugin.group,
    topic: redriveName(fence.scope),
    partition: -1,
    epoch: fence.epoch,
    attempt: fence.attempt,
    ...(chunk[0] && scoped(chunk[0].letter)),
    items: chunk.map(({ letter, event }) => itemOf(letter, event)),
  };
  if (local) return ports.deliver(plugin.service, request);
  // What no longer fits is handed over in the next round.
  const { items, refused } = fitRequest(request, ports.chunk.maxTransporterBytes);
  return refused ? Promise.resolve([refused]) : ports.deliver(plugin.service, { ...request, items });
}

export function notNow(error: unknown): BatchedResult {
  const { type, name, message } = error as { type?: string; name?: string; message?: string };
  return { status: "not_now", error: { type: type ?? name ?? "Error", message: message ?? String(error) } };
}
