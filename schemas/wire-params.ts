import type { WireDelivery } from "./delivery";
import { TEXT, TOPIC } from "./query-params";

/** Parameters of actions that carry messages between the gateway's services and nodes. Their texts come from whoever produced them. */

/** -1 is no partition. Kafka counts further than a double, but no log has got there. */
export const WHOLE = { type: "number", integer: true, min: -1, max: Number.MAX_SAFE_INTEGER } as const;
export const COUNT = { ...WHOLE, min: 1 } as const;
/** A decimal string, as Kafka's offsets are. */
export const OFFSET = { type: "string", pattern: /^-?\d{1,20}$/ } as const;
/** 24 hex digits. */
export const ID = { type: "string", pattern: /^[0-9a-f]{24}$/i } as const;
export const NAME = TEXT;
/** A message's key: whatever its bytes say. */
export const KEY = { type: "string", empty: true, nullable: true } as const;

// The validator calls `custom` for what is left out too.
type Errors = { type: string }[];

/** A name and a text each. No `record` of the validator's: that loses a header whose name is `__proto__`. */
export const HEADERS = {
  type: "object",
  custom(value: unknown, errors: Errors): unknown {
    if (value !== undefined && !isTexts(value)) errors.push({ type: "record" });
    return value;
  },
} as const;

/** A Buffer, also as JSON writes it. */
export const BYTES = {
  type: "object",
  nullable: true,
  custom(value: unknown, errors: Errors): unknown {
    if (value !== null && value !== undefined && !isBytes(value)) errors.push({ type: "object" });
    return value;
  },
} as const;

/** The parts of an event that are looked at before it is validated. */
export const EVENT = {
  type: "object",
  props: { event_id: { type: "string", min: 1 }, event_type: { type: "string", min: 1 } },
} as const;

export const PLACE = { topic: TOPIC, partition: WHOLE, offset: OFFSET, key: KEY } as const;

/** Items of `deliver`. By hand: it is looked at for every live event. */
export const DELIVER_ITEMS = {
  type: "array",
  min: 1,
  max: 10_000,
  custom(items: unknown, errors: Errors): unknown {
    if (Array.isArray(items) && !items.every(isDeliverItem)) errors.push({ type: "array" });
    return items;
  },
} as const;

function isDeliverItem(item: unknown): boolean {
  const { event, delivery } = (item ?? {}) as { event?: unknown; delivery?: unknown };
  if (!isObject(event) || !isObject(delivery)) return false;
  const { offset, key, headers, redelivered } = delivery as Partial<WireDelivery>;
  return (
    typeof offset === "string" &&
    OFFSET.pattern.test(offset) &&
    (key === null || typeof key === "string") &&
    typeof redelivered === "boolean" &&
    isObject(headers)
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === "string");
}

function isBytes(value: unknown): boolean {
  if (value instanceof Uint8Array) return true;
  const { type, data } = (value ?? {}) as { type?: unknown; data?: unknown };
  return type === "Buffer" && Array.isArray(data) && data.every(isByte);
}

function isByte(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
}
