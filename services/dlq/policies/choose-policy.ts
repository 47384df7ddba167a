import { matcherOf } from "../../../mixins/event-handler/patterns";
import type { DlqPolicy, PolicyMatch, Retry } from "../../../schemas/dlq-policy";
import type { Letter } from "../letter";

export type MatchedLetter = Pick<Letter, "event_type" | "original_topic" | "group" | "reason">;

/** Each outweighs all those before it together. */
const WEIGHTS = { event_type: 1, topic: 2, group: 4, reason: 8 } as const;

/** A policy is for these only where it names them. The same message would fail in the same way … */
const ONLY_BY_NAME = new Set([
  "unparseable",
  "unknown_type",
  "invalid",
  "unstorable",
  "event_id_conflict",
  "too_large_for_transporter",
  // … or whoever brought these here decides about them: nobody expects an import to send them off by itself.
  "imported",
]);

const MANUAL: Retry = { kind: "manual" };

/**
 * The policy that holds for a letter: of those that match the most specific one, of equal ones the last. None: it waits for
 * a person.
 */
export function choosePolicy(policies: readonly DlqPolicy[], letter: MatchedLetter): Retry {
  let chosen = MANUAL;
  let most = -1;
  for (const { match, retry } of policies) {
    const weight = matches(match, letter) ? weightOf(match) : -1;
    if (weight < 0 || weight < most) continue;
    chosen = retry;
    most = weight;
  }
  return chosen;
}

function matches({ event_type, topic, group, reason }: PolicyMatch, letter: MatchedLetter): boolean {
  if (reason === undefined ? ONLY_BY_NAME.has(letter.reason) : reason !== letter.reason) return false;
  if (group !== undefined && group !== letter.group) return false;
  if (topic !== undefined && topic !== letter.original_topic) return false;
  if (event_type === undefined) return true;
  return letter.event_type !== undefined && matcherOf(event_type)(letter.event_type);
}

function weightOf(match: PolicyMatch): number {
  return Object.entries(WEIGHTS).reduce(
    (sum, [field, weight]) => (match[field as keyof PolicyMatch] === undefined ? sum : sum + weight),
    0,
  );
}
