/** BSON ends at 100 levels; the stored document wraps the event in a few of its own. */
const MAX_DEPTH = 90;
/** A document ends at 16 MiB; this leaves room for what is stored beside the event. */
const MAX_BYTES = 15 * 1024 * 1024;
const SURROGATE_ESCAPE = /\\ud[89a-f]/i;

/** Why MongoDB could not hold this event as it is; null where it can. */
export function unstorableReason(event: unknown, raw: Buffer): string | null {
  if (raw.length > MAX_BYTES) return `it has ${raw.length} bytes, MongoDB holds ${MAX_BYTES} at most`;
  // Only an escape can bring half a surrogate pair into valid UTF-8: nearly every event is spared the search.
  const mayHoldSurrogates = raw.includes("\\u") && SURROGATE_ESCAPE.test(raw.toString("latin1"));
  return inspect(event, 1, mayHoldSurrogates);
}

function inspect(value: unknown, depth: number, surrogates: boolean): string | null {
  if (typeof value === "string") {
    return surrogates && !value.isWellFormed() ? "a text holds half of a surrogate pair" : null;
  }
  if (typeof value !== "object" || value === null) return null;
  if (depth > MAX_DEPTH) return `it is nested deeper than ${MAX_DEPTH} levels`;
  for (const key of Object.keys(value)) {
    const reason =
      keyReason(key, surrogates) ?? inspect((value as Record<string, unknown>)[key], depth + 1, surrogates);
    if (reason) return reason;
  }
  return null;
}

function keyReason(key: string, surrogates: boolean): string | null {
  if (key.includes("\0")) return "a member's name holds a NUL character";
  if (key === "__proto__") return "a member is named __proto__, which drivers cannot give back";
  if (key.startsWith("$")) return `a member's name begins with a dollar sign: ${key.slice(0, 80)}`;
  return surrogates && !key.isWellFormed() ? "a member's name holds half of a surrogate pair" : null;
}
