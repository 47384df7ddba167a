import { RETRY_DEFAULTS, type Retry } from "../../../schemas/dlq-policy";
import type { Letter } from "../letter";

/** A letter older than this waits for a person, whatever its policy says. */
export const MAX_AGE_MS = 7 * 86_400_000;

export type RetriedLetter = Pick<Letter, "created_at" | "retries" | "in_vain" | "expires_at" | "cut">;

/**
 * When a letter is to be handed over again; null: not by itself. `random` is in [0, 1), and spreads letters that failed
 * together.
 */
export function nextRetryAt(retry: Retry, letter: RetriedLetter, now: Date, random: number): Date | null {
  // Not whole: what would be delivered is not what was sent.
  if (letter.cut?.includes("raw")) return null;
  const at = timeOf(retry, triesOf(retry, letter), now.getTime(), random);
  if (at === null || at - letter.created_at.getTime() > MAX_AGE_MS) return null;
  if (letter.expires_at && at >= letter.expires_at.getTime()) return null;
  return new Date(at);
}

/**
 * What counts towards the policy's limit: failed retries, whoever asked for them, so that a letter does not go round between
 * redrives and policies. What is retried once, at a time, keeps that time whoever has looked before it.
 */
export function triesOf(
  retry: Retry,
  { retries = 0, in_vain = 0 }: Pick<Letter, "retries" | "in_vain">,
): number {
  return retry.kind === "scheduled" ? retries : retries + in_vain;
}

/** Retries that a policy allows a letter. */
export function limitOf(retry: Retry): number {
  if (retry.kind === "manual") return 0;
  if (retry.kind === "scheduled") return 1;
  return retry.limit ?? RETRY_DEFAULTS.limit;
}

function timeOf(retry: Retry, tries: number, now: number, random: number): number | null {
  if (tries >= limitOf(retry)) return null;
  switch (retry.kind) {
    case "immediate":
      return now;
    case "fixed_interval":
      return now + retry.interval_ms;
    case "exponential_backoff": {
      const { base_ms, factor, maximum_ms, jitter } = { ...RETRY_DEFAULTS, ...retry };
      const pause = Math.min(base_ms * factor ** tries, maximum_ms);
      return now + Math.round(pause * (1 + jitter * (2 * random - 1)));
    }
    case "scheduled": {
      const at = Date.parse(retry.at);
      // A letter that comes after that time has missed it.
      return at > now ? at : null;
    }
    default:
      // `manual`, or what a later version has stored.
      return null;
  }
}
