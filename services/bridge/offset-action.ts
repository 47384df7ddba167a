import type { Outcome } from "../../schemas/delivery";

/** What can become of one message of a chunk, as one group sees it. */
export type Fate =
  | Outcome["status"]
  /** No group can be handed it; this group is the one that dead-letters such messages. */
  | "refused"
  /** Refused, or of a type that this group did not ask for: not this group's business. */
  | "passed_over";

/**
 * `pass`: the committed offset may move over the message.
 * `pass_after_letter`: it may, as soon as its dead letter is stored.
 * `hold`: it may not; the message is fetched again, and so is everything behind it.
 */
export type OffsetAction = "pass" | "pass_after_letter" | "hold";

/** The one table from what became of a message to what happens to its offset. */
export const OFFSET_ACTION: Record<Fate, OffsetAction> = {
  completed: "pass",
  duplicate: "pass",
  passed_over: "pass",
  failed: "pass_after_letter",
  refused: "pass_after_letter",
  busy: "hold",
  not_started: "hold",
};

/** How many messages from the chunk's start the offset may pass, once the letters among them are stored. */
export function passable(fates: readonly Fate[]): number {
  const hold = fates.findIndex((fate) => OFFSET_ACTION[fate] === "hold");
  return hold === -1 ? fates.length : hold;
}
