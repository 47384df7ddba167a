import { createHash } from "node:crypto";
import type { EventEnvelope } from "../../schemas/delivery";
import { WeirError } from "../../schemas/errors";
import type { IdempotencyStrategy } from "./options";

/** Longer keys are stored as their hash, so that an index entry stays small. */
const MAX_KEY_BYTES = 512;

/** `<group>|<the strategy's key>`: what two deliveries of one event have in common. A scope comes before the strategy's key. */
export function idempotencyKey(
  group: string,
  strategy: Exclude<IdempotencyStrategy<EventEnvelope>, false>,
  event: EventEnvelope,
  scope?: string,
): string {
  const owner = scope === undefined ? group : `${group}|${scope}`;
  const key = `${owner}|${strategyKey(strategy, event)}`;
  if (key.length * 3 <= MAX_KEY_BYTES || Buffer.byteLength(key) <= MAX_KEY_BYTES) return key;
  return `${owner}|sha256:${sha256(key)}`;
}

function strategyKey(
  strategy: Exclude<IdempotencyStrategy<EventEnvelope>, false>,
  event: EventEnvelope,
): string {
  if (strategy === "event") return `${event.event_type}|${event.event_id}`;
  if (strategy === "content") {
    const { event_type, event_version, aggregate_id, payload } = event;
    return `content:${sha256(canonicalJson({ event_type, event_version, aggregate_id, payload }))}`;
  }
  if ("content" in strategy) {
    const named = strategy.content.map((path) => [path, valueAt(event.payload, path) ?? null]);
    return `content:${sha256(canonicalJson([event.event_type, named]))}`;
  }
  const key = strategy.custom(event);
  if (typeof key !== "string" || key === "") {
    throw new WeirError(
      "WEIR_IDEMPOTENCY_KEY_INVALID",
      `The custom idempotency function must return a string that is not empty, but returned ${typeof key === "string" ? "an empty one" : typeof key} for event ${event.event_id} of type ${event.event_type}.`,
      { event_id: event.event_id, event_type: event.event_type },
    );
  }
  return `custom:${key}`;
}

function valueAt(payload: object, path: string): unknown {
  let value: unknown = payload;
  for (const part of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** JSON with object members in code unit order, so that equal content has equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    const sorted = Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1));
    // Object.fromEntries defines `__proto__` as an ordinary member, which an assignment would not.
    return Object.fromEntries(sorted);
  });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
