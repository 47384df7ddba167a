import type { ResultOmission } from "../../schemas/calls";
import { WeirError, WeirRetryableError } from "../../schemas/errors";
import type { OnceCall } from "./run-once";

export function resultNotKept({ scope }: OnceCall, completed_at: string, omitted: ResultOmission): WeirError {
  return new WeirError(
    "WEIR_IDEMPOTENCY_RESULT_NOT_KEPT",
    `${scope} was executed under this key at ${completed_at}, and is not executed again; but ${reasonOf(omitted)}. Ask for it in another way.`,
    { scope, completed_at, ...omitted },
  );
}

function reasonOf({ why, bytes }: ResultOmission): string {
  if (why === "not_json") return "its result is no JSON and was not kept";
  const where = why === "too_large" ? "to be kept" : "for the way between this node and the gateway";
  return `its result${bytes === undefined ? "" : `, ${bytes} bytes,`} was too large ${where}`;
}

export function notKept(call: OnceCall, omitted: ResultOmission): string {
  return `A call of ${call.scope} was executed, but ${reasonOf(omitted)}: a repeat gets WEIR_IDEMPOTENCY_RESULT_NOT_KEPT.`;
}

export function stillInFlight({ scope, lease }: OnceCall, what: string, why: string): string {
  return `A call of ${scope} ${what}, but its key could not be told so (${why}): it counts as in flight until its lease of ${lease} ms is over, and may be executed again then.`;
}

export function inFlight({ scope }: OnceCall, retry_after_ms: number): WeirRetryableError {
  return new WeirRetryableError(
    "WEIR_IDEMPOTENCY_IN_FLIGHT",
    `A call of ${scope} under this key is being executed. Ask again in a moment: it gets that one's answer.`,
    { scope, retry_after_ms },
  );
}

export function conflict({ scope }: OnceCall): WeirError {
  return new WeirError(
    "WEIR_IDEMPOTENCY_CONFLICT",
    `This key was used for a call of ${scope} with other parameters. Nothing is executed; use a key of its own for every call.`,
    { scope },
  );
}

export function takenOver({ scope, lease }: OnceCall): WeirRetryableError {
  return new WeirRetryableError(
    "WEIR_IDEMPOTENCY_TAKEN_OVER",
    `This call of ${scope} took longer than its lease of ${lease} ms, and another was executed in its place: that one's answer counts. Ask again for it.`,
    { scope, lease_ms: lease },
  );
}
