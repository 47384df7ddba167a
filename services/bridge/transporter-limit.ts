import { idempotencyKey } from "../../mixins/event-handler/idempotency-key";
import type { DeliverItem, DeliverRequest, DeliverResponse, Outcome } from "../../schemas/delivery";

/** What a packet has around the request or the answer. */
const PACKET_BYTES = 2_048;

/** How full a packet of several events gets: the TCP transporter counts what comes behind it as well. */
const FULL = 0.75;

/** What is left of a packet for what it carries. */
export function roomIn(maxBytes: number): number {
  return maxBytes - PACKET_BYTES;
}

/** As many items of a request, from the first, as one packet can hold. */
interface Fitted {
  items: DeliverItem[];
  /** What became of the first where not even that fits. */
  refused?: Outcome;
}

/** Cuts a request to what the transporter takes: a larger one would be dropped on the way without a word, and tried for ever. */
export function fitRequest({ items, ...rest }: DeliverRequest, maxBytes: number): Fitted {
  let bytes = Buffer.byteLength(JSON.stringify(rest)) + PACKET_BYTES;
  let count = 0;
  for (const item of items) {
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes > (count === 0 ? maxBytes : maxBytes * FULL)) break;
    count += 1;
  }
  const [first] = items;
  if (count > 0 || !first) return { items: items.slice(0, count) };
  return { items: [], refused: tooLarge(rest, first, bytes, maxBytes) };
}

/** The outcomes of the first items of a request, and that the others have yet to be asked for. */
export function withRest(outcomes: DeliverResponse, { items }: DeliverRequest): DeliverResponse {
  const rest = items.slice(outcomes.length).map((): Outcome => ({ status: "not_started" }));
  return [...outcomes, ...rest];
}

function tooLarge(
  { group, scope }: Pick<DeliverRequest, "group" | "scope">,
  { event }: DeliverItem,
  bytes: number,
  limit: number,
): Outcome {
  const { event_id, event_type } = event;
  return {
    status: "failed",
    reason: "too_large_for_transporter",
    attempts: 0,
    key: idempotencyKey(group, "event", event, scope),
    error: {
      type: "WEIR_TOO_LARGE_FOR_TRANSPORTER",
      message: `Event ${event_id} takes ${bytes} bytes on its way to the node that hosts group ${group}; the transporter takes ${limit}. Host the plugin on the gateway's own node, or raise the transporter's limit and WEIR_TRANSPORTER_MAX_BYTES, then retry the letter.`,
      details: { event_id, event_type, bytes, limit },
    },
  };
}
