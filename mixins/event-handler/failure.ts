import type { EventFailure } from "../../schemas/delivery";

const MAX_MESSAGE = 4_000;
const MAX_STACK = 8_000;

/** The handler did not end in time; it may still be running. */
export class HandlerTimeout extends Error {
  readonly type = "WEIR_HANDLER_TIMEOUT";
  constructor(readonly limitMs: number) {
    super(
      `The handler did not end within ${limitMs} ms. Its signal was aborted; raise \`timeout\` or end sooner.`,
    );
    this.name = "HandlerTimeout";
  }
}

/** A batch handler returned something that is not one outcome per event. */
export class BadOutcome extends Error {
  readonly type = "WEIR_BAD_OUTCOME";
  constructor(expected: string, came: string) {
    super(`A batch handler returns nothing, or ${expected}; it returned ${came}.`);
    this.name = "BadOutcome";
  }
}

/** What was thrown, in a form that can travel and be stored; anything can be thrown in JavaScript. */
export function failureOf(thrown: unknown): EventFailure {
  if (!(thrown instanceof Error))
    return { type: "WEIR_HANDLER_ERROR", message: textOf(thrown).slice(0, MAX_MESSAGE) };
  const { type, code, data } = thrown as Error & { type?: unknown; code?: unknown; data?: unknown };
  const failure: EventFailure = {
    type:
      ([type, code].find((name) => typeof name === "string" && name !== "") as string | undefined) ??
      thrown.name,
    message: String(thrown.message).slice(0, MAX_MESSAGE),
  };
  if (typeof thrown.stack === "string") failure.stack = thrown.stack.slice(0, MAX_STACK);
  if (typeof data === "object" && data !== null && !Array.isArray(data)) {
    failure.details = data as Record<string, unknown>;
  }
  return failure;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
