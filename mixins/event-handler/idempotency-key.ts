import type { EventEnvelope } from "../../schemas/delivery";
import { WeirError } from "../../schemas/errors";
import { canonicalJson, sha256, valueAt } from "../idempotency/content";
import { storedKey } from "../idempotency/stored-key";
import type { IdempotencyStrategy } from "./options";

/** `<group>|<the strategy's key>`: what two deliveries of one event have in common. A scope comes before the strategy's key. */
export function idempotencyKey(
  group: string,
  strategy: Exclude<IdempotencyStrategy<EventEnvelope>, false>,
  event: EventEnvelope,
  scope?: string,
): string {
  const owner = scope === undefined ? group : `${group}|${scope}`;
  return storedKey(`${owner}|${strategyKey(strategy, event)}`);
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
    const named = strategy.content.map((path) => [path, valueAt(event.payload, path)] as const);
    if (named.every(([, value]) => value === undefined)) throw withoutFields(strategy.content, event);
    return `content:${sha256(canonicalJson([event.event_type, named.map(presentOnly)]))}`;
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

/** A field that is not there is another content than one that is null. */
function presentOnly([path, value]: readonly [string, unknown]): unknown[] {
  return value === undefined ? [path] : [path, value];
}

/** All events without any of the fields would count as one, and all but the first be dropped. */
function withoutFields(fields: string[], { event_id, event_type }: EventEnvelope): WeirError {
  return new WeirError(
    "WEIR_IDEMPOTENCY_KEY_INVALID",
    `Event ${event_id} of type ${event_type} is to be known by the payload fields ${fields.join(", ")}, but has none of them. Name fields that every event of this handler has.`,
    { event_id, event_type, fields },
  );
}
