/** A single call that is to be executed once: what a node says to `idempotency.begin`, `.complete` and `.release`. */

/** A larger result, in bytes of JSON, is told and not kept. */
export const MAX_RESULT_BYTES = 1024 * 1024;

/** How long a call may be at work before another may be executed in its place. */
export const CALL_LEASE_MS = 5 * 60_000;

/** What every refusal of a key is made by: text without control characters and halves of characters. */
export const CALL_KEY = /^[^\p{Cc}\p{Cs}]{1,256}$/u;
/** `|` parts the scope from the key. */
export const CALL_SCOPE = /^[^|\p{Cc}\p{Cs}]{1,128}$/u;

/** Which call of all those under one key. */
export interface CallName {
  /** 24 hex digits, made by the caller: a call whose answer was lost is recognised as its own. */
  id: string;
  /** Keys are unique within it: the action's name. */
  scope: string;
  key: string;
}

export interface BeginRequest extends CallName {
  /** Equal for calls that ask for the same: a hash of the parameters. */
  fingerprint: string;
  /** Milliseconds; `CALL_LEASE_MS` by default. */
  lease_ms?: number;
  /** What the way back can carry; a larger result is left out of the answer. */
  max_result_bytes?: number;
}

/** Why a result is not there. */
export interface ResultOmission {
  why: "too_large" | "not_json" | "too_large_for_transporter";
  /** The size of its JSON, where it has one. */
  bytes?: number;
}

export type BeginAnswer =
  /** Execute it, and say `complete` or `release` under the same name. */
  | {
      status: "claimed";
      /** An earlier call did not end within its lease: it may have taken effect. */
      taken_over: boolean;
    }
  /** Executed before. Without `omitted`, `result` is what it returned. */
  | { status: "completed"; completed_at: string; result?: unknown; omitted?: ResultOmission }
  /** Somebody is at it. */
  | { status: "in_flight"; retry_after_ms: number }
  /** The key was first used for something else. */
  | { status: "conflict" };

export interface CompleteRequest extends CallName {
  /** Milliseconds that the answer is kept and no other call under the key is executed. */
  ttl_ms: number;
  result?: unknown;
  /** Instead of a result. */
  omitted?: ResultOmission;
}

export interface CompleteAnswer {
  /** `fenced`: another call was executed in this one's place, and its result is the one that counts. */
  status: "settled" | "fenced";
  /** Where the result is not kept. */
  omitted?: ResultOmission;
}

/** `gone`: there was nothing to release, because it was completed, taken over or never begun. */
export type ReleaseAnswer = "released" | "gone";

/** A result as it is kept: JSON text, or why there is none. Nothing of both: the call returned nothing. */
export interface KeptResult {
  json?: string;
  omitted?: ResultOmission;
}

/** What is kept of a result: its JSON, if it has one and is not too large. */
export function keptResult(result: unknown, maxBytes = MAX_RESULT_BYTES): KeptResult {
  if (result === undefined) return {};
  const json = jsonOf(result);
  if (json === undefined) return { omitted: { why: "not_json" } };
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_RESULT_BYTES) return { omitted: { why: "too_large", bytes } };
  if (bytes > maxBytes) return { omitted: { why: "too_large_for_transporter", bytes } };
  return { json };
}

function jsonOf(result: unknown): string | undefined {
  // A stream would become the JSON of its inner life.
  if (typeof (result as { pipe?: unknown } | null)?.pipe === "function") return undefined;
  try {
    return JSON.stringify(result);
  } catch {
    return undefined;
  }
}
