/** What the letters of one cause look like. */
export type Pattern =
  /** A few keys, again and again: something about these is wrong. */
  | "poison"
  /** Many keys, and nearly all that fails in this plugin: what it depends on is down, or its code is broken. */
  | "outage"
  | "mixed";

export interface Counted {
  /** Open letters of the cause, and how often they failed in all. */
  count: number;
  attempts: number;
  /** Different Kafka keys among them. */
  keys: number;
  /** Open letters of the same plugin, of any cause. */
  ofPlugin: number;
  /** Those of them with the same kind of error, of any event type. */
  sameError: number;
}

const FEW_KEYS = 3;
const MANY_KEYS = 10;
const MANY_TIMES = 3;
/** A handler's tries within one delivery, where nothing else is said. */
const TRIES = 3;
const NEARLY_ALL = 0.8;

export function patternOf({ count, attempts, keys, ofPlugin, sameError }: Counted): Pattern {
  if (keys >= MANY_KEYS && sameError >= NEARLY_ALL * ofPlugin) return "outage";
  const times = Math.max(count, attempts / TRIES) / Math.max(keys, 1);
  return keys <= FEW_KEYS && times >= MANY_TIMES ? "poison" : "mixed";
}
