import type { DlqPolicy } from "../../../schemas/dlq-policy";
import { PARKED } from "../../../schemas/lane";
import type { Letter } from "../letter";
import { choosePolicy, type MatchedLetter } from "./choose-policy";
import { nextRetryAt, type RetriedLetter } from "./next-retry-at";

/** What becomes of an open letter now: it waits for its time, or for a person. */
export type Plan = { status: "scheduled"; next_retry_at: Date } | { status: "pending" };

export type PlannedLetter = MatchedLetter & RetriedLetter;

/** By the policies as they are now. */
export function planRetry(
  policies: readonly DlqPolicy[],
  letter: PlannedLetter,
  now: Date,
  random: number,
): Plan {
  // Its turn comes when what stands in front of it has been handled, and not at a time.
  if (letter.reason === PARKED) return { status: "pending" };
  const next_retry_at = nextRetryAt(choosePolicy(policies, letter), letter, now, random);
  return next_retry_at ? { status: "scheduled", next_retry_at } : { status: "pending" };
}

/** True where a letter that was to be retried by itself failed once more and is so no longer: its policy has used itself up. */
export function isExhausted(
  before: Pick<Letter, "status">,
  { retries = 0, in_vain = 0 }: Pick<Letter, "retries" | "in_vain">,
  plan: Plan,
): boolean {
  return before.status === "scheduled" && retries + in_vain > 0 && plan.status === "pending";
}
