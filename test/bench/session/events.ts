import type { EventEnvelope } from "../../../schemas/delivery";
import { exampleOf } from "../../support/traffic";

export const EVENT_TYPE = "payment.captured";
/** Different Kafka keys. */
const KEYS = 5_000;

const LINE = { sku: "KEYBOARD-DE-01", quantity: 2, unit_cents: 4_990, note: "wrapped as a present" };

export interface EventMessage {
  key: string;
  value: string;
}

/** Makes valid messages by number, of at least the bytes asked for: what is missing are order lines in the metadata. */
export function eventMaker(bytes: number, prefix = "bench"): (number: number) => EventMessage {
  const example = exampleOf(EVENT_TYPE);
  const padded = withLines(example, bytes);
  return (number) => {
    const aggregate_id = `a${number % KEYS}`;
    const event: EventEnvelope = { ...padded, event_id: `${prefix}-${number}`, aggregate_id };
    return { key: aggregate_id, value: JSON.stringify(event) };
  };
}

/** The number that an event was made by. */
export function numberOf(eventId: string): number {
  return Number(eventId.slice(eventId.lastIndexOf("-") + 1));
}

function withLines(event: EventEnvelope, bytes: number): EventEnvelope {
  const missing = bytes - JSON.stringify(event).length;
  if (missing <= 0) return event;
  const lines = Array.from({ length: Math.ceil(missing / (JSON.stringify(LINE).length + 1)) }, () => LINE);
  return { ...event, metadata: { ...event.metadata, lines } };
}
