import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

export interface Wait {
  /** What is awaited, for the error: "the group's lag to be zero". */
  what: string;
  /** Milliseconds; 20 s when not given. */
  limitMs?: number;
  /** Milliseconds between two looks. */
  everyMs?: number;
}

/**
 * Looks again and again until `look` gives something truthy, and returns that.
 * A look that throws counts as "not yet". When the limit is over, the error says what was awaited and what
 * the last look gave.
 */
export async function waitFor<T>(look: () => T | Promise<T>, wait: Wait): Promise<NonNullable<T>> {
  const { what, limitMs = 20_000, everyMs = 50 } = wait;
  const end = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= end) break;
    await delay(everyMs);
  }
  throw new Error(`Waited ${limitMs} ms for ${what}; the last look gave ${inspect(last, { depth: 5 })}`, {
    cause: last instanceof Error ? last : undefined,
  });
}
