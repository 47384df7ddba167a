import type { DeliverResponse, EventFailure, Outcome } from "../../schemas/delivery";

type Failed = Extract<Outcome, { status: "failed" }>;

const MAX_NAME = 256;
const MAX_REASON = 500;
/** A stack that is cut shorter than this tells nothing. */
const LEAST_STACK = 400;
const NO_ROOM = "the plugin's answer had no room for what became of it";

/**
 * Makes the answer to another node fit into what the transporter takes, and writeable as JSON: an answer that is not would be
 * dropped on the way, and its chunk handled again for ever. Errors are cut first, each to the same share; a failure that has no
 * room even so is `not_started`, and comes again.
 */
export function fitAnswer(outcomes: DeliverResponse, maxBytes: number): DeliverResponse {
  if (bytesOf(outcomes) <= maxBytes) return outcomes;
  const short = outcomes.map((outcome): Outcome => {
    if (outcome.status !== "not_started" || outcome.reason === undefined) return outcome;
    return { ...outcome, reason: outcome.reason.slice(0, MAX_REASON) };
  });
  const failed = short.filter((outcome) => outcome.status === "failed");
  if (failed.length === 0) return short;
  const room = maxBytes - bytesOf(short.filter((outcome) => outcome.status !== "failed"));
  const share = Math.floor(room / failed.length) - 1;
  const cut = short.map((outcome) => (outcome.status === "failed" ? cutFailure(outcome, share) : outcome));
  return leaveOut(cut, maxBytes);
}

/** Puts off failures from the end until the rest fits; one failure stays, so that every answer gets somewhere. */
function leaveOut(outcomes: Outcome[], maxBytes: number): Outcome[] {
  let over = bytesOf(outcomes) - maxBytes;
  const first = outcomes.findIndex(({ status }) => status === "failed");
  const left: Outcome = { status: "not_started", reason: NO_ROOM };
  for (let at = outcomes.length - 1; over > 0 && at > first; at -= 1) {
    const outcome = outcomes[at];
    if (outcome?.status !== "failed") continue;
    over -= bytesOf(outcome) - bytesOf(left);
    outcomes[at] = left;
  }
  return outcomes;
}

/** The message is worth most, then the details, which are kept whole or not at all, then the stack. */
function cutFailure(outcome: Failed, share: number): Failed {
  const { type, message, stack, details } = outcome.error;
  const error: EventFailure = { type: String(type).slice(0, MAX_NAME), message: "" };
  const bare: Failed = { ...outcome, reason: outcome.reason.slice(0, MAX_NAME), error };
  const left = () => share - bytesOf(bare);
  error.message = cutText(String(message), left());
  if (details !== undefined && bytesOf({ details }) <= left()) error.details = details;
  if (stack !== undefined && left() >= LEAST_STACK) error.stack = cutText(String(stack), left());
  return bare;
}

function cutText(text: string, maxBytes: number): string {
  const mark = " … (cut)";
  const frame = bytesOf({ stack: "" });
  if (bytesOf(text) + frame <= maxBytes) return text;
  let kept = text.slice(0, Math.max(0, maxBytes));
  while (kept.length > 0 && bytesOf(kept + mark) + frame > maxBytes) {
    kept = kept.slice(0, Math.floor(kept.length * 0.9));
  }
  return kept + mark;
}

/** As JSON; infinite for what JSON cannot hold. */
function bytesOf(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
