import { idempotencyKey } from "../../mixins/event-handler/idempotency-key";
import type { DeliverRequest, Outcome } from "../../schemas/delivery";

/** What a packet has around the request. */
const PACKET_BYTES = 2_048;

/**
 * The outcome of a lone event that no transporter packet can hold: sent all the same, it would be dropped on the way without
 * a word and tried for ever. Null where it fits; chunks of several events are cut to fit before.
 */
export function tooLargeForTransporter(request: DeliverRequest, maxBytes: number): Outcome | null {
  const [item, ...more] = request.items;
  if (!item || more.length > 0) return null;
  const bytes = Buffer.byteLength(JSON.stringify(request)) + PACKET_BYTES;
  if (bytes <= maxBytes) return null;
  const { event_id, event_type } = item.event;
  return {
    status: "failed",
    reason: "too_large_for_transporter",
    attempts: 0,
    key: idempotencyKey(request.group, "event", item.event),
    error: {
      type: "WEIR_TOO_LARGE_FOR_TRANSPORTER",
      message: `Event ${event_id} takes ${bytes} bytes on its way to the node that hosts group ${request.group}; the transporter takes ${maxBytes}. Host the plugin on the gateway's own node, or raise the transporter's limit and WEIR_TRANSPORTER_MAX_BYTES, then retry the letter.`,
      details: { event_id, event_type, bytes, limit: maxBytes },
    },
  };
}
