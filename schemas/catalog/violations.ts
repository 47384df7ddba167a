import type { ErrorObject } from "ajv";

/** One thing that is wrong with an event. */
export interface Violation {
  /** JSON Pointer into the event; empty for the event itself. */
  path: string;
  message: string;
  /** The rule of JSON Schema that was broken, or `event_type` or `event_version`. */
  keyword: string;
}

const MOST = 20;
const LONGEST = 300;

/** AJV's errors in short: what they say, with the names and values that they are about. */
export function violationsFrom(errors: ErrorObject[], prefix: string): Violation[] {
  return errors.slice(0, MOST + 1).map(({ instancePath, keyword, message = "is invalid", params }) => ({
    path: shorten(prefix + instancePath),
    message: shorten(`${message}${detailOf(keyword, params)}`),
    keyword,
  }));
}

/** At most 20: a producer's one mistake repeated a thousand times needs no thousand lines. */
export function boundViolations(violations: Violation[]): Violation[] {
  if (violations.length <= MOST) return violations;
  const rest: Violation = { path: "", keyword: "more", message: `more than these ${MOST} errors` };
  return [...violations.slice(0, MOST), rest];
}

function detailOf(keyword: string, params: Record<string, unknown>): string {
  if (keyword === "additionalProperties") return `: "${params.additionalProperty}"`;
  if (keyword === "unevaluatedProperties") return `: "${params.unevaluatedProperty}"`;
  if (keyword === "enum") return `: ${JSON.stringify(params.allowedValues)}`;
  if (keyword === "const") return `: ${JSON.stringify(params.allowedValue)}`;
  return "";
}

/** Cuts what a message quotes, so that no producer decides how long it gets. */
export function shorten(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
