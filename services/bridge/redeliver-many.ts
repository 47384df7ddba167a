import type { BatchedResult, RedeliveryBatch } from "../../schemas/redelivery";
import type { PluginGroup } from "./groups";
import { readMessage } from "./read-message";
import { messageAgain, receiver } from "./redeliver";
import { deliverAll, notNow, type Ready, type RedeliverManyPorts } from "./redeliver-chunks";

/** After so long no further delivery of a batch is begun: the caller hands over again what was left. */
const BEGIN_WITHIN_MS = 20_000;

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
