import { isUtf8 } from "node:buffer";
import type { Catalog } from "../../schemas/catalog";
import type { EventEnvelope, EventFailure } from "../../schemas/delivery";
import { lossIn } from "./faithful";
import { unstorableReason } from "./storable";

export type RefusalReason = "unparseable" | "unknown_type" | "invalid" | "unstorable";

export interface Refusal {
  reason: RefusalReason;
  error: EventFailure;
  /** As far as the message tells them. */
  event_id?: string;
  event_type?: string;
}

export type ReadMessage =
  | { event: EventEnvelope; refusal?: undefined }
  | { event?: undefined; refusal: Refusal };

/** Bytes → an event that every group may be handed, or why there is none. Never throws. */
export function readMessage(value: Buffer | null, catalog: Catalog): ReadMessage {
  if (value === null)
    return unparseable("The message has no value (a tombstone); an event is a JSON object.");
  if (value.length === 0) return unparseable("The message's value is empty; an event is a JSON object.");
  if (!isUtf8(value))
    return unparseable("The message's bytes are not UTF-8; an event is a JSON object in UTF-8.");
  const text = value.toString("utf8");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return unparseable(`The message is not JSON: ${(error as Error).message}`);
  }
  const checked = catalog.validate(parsed);
  if (!checked.valid) {
    const { reason, errors } = checked;
    const message = errors.map(({ path, message: text }) => `${path || "/"} ${text}`).join("; ");
    return refused(
      reason,
      { type: `WEIR_EVENT_${reason.toUpperCase()}`, message, details: { errors } },
      parsed,
    );
  }
  const unstorable = unstorableReason(parsed, text, value.length);
  if (unstorable) return refusedAsUnstorable(`MongoDB cannot hold this event: ${unstorable}`, parsed);
  const loss = lossIn(value, text, parsed);
  if (loss) return refusedAsUnstorable(`This event cannot be kept as it came: ${loss}`, parsed);
  return { event: checked.event };
}

function unparseable(message: string): ReadMessage {
  return { refusal: { reason: "unparseable", error: { type: "WEIR_EVENT_UNPARSEABLE", message } } };
}

function refusedAsUnstorable(why: string, parsed: unknown): ReadMessage {
  return refused("unstorable", { type: "WEIR_EVENT_UNSTORABLE", message: `${why}.` }, parsed);
}

function refused(reason: RefusalReason, error: EventFailure, parsed: unknown): ReadMessage {
  const refusal: Refusal = { reason, error };
  if (typeof parsed === "object" && parsed !== null) {
    const { event_id, event_type } = parsed as Record<string, unknown>;
    if (isName(event_id)) refusal.event_id = event_id;
    if (isName(event_type)) refusal.event_type = event_type;
  }
  return { refusal };
}

/** Only what can be an indexed name is taken over from a message that is not trusted. */
function isName(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length > 0 &&
    value.length <= 128 &&
    value.isWellFormed() &&
    !value.includes("\0")
  );
}
