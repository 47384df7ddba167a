/** BSON ends at 100 levels; the stored document wraps the event in a few of its own. */
const MAX_DEPTH = 90;
/** A document ends at 16 MiB; this leaves room for what is stored beside the event. */
const MAX_BYTES = 15 * 1024 * 1024;
/** BSON is less than eight times as large as the JSON it comes from: `1,` becomes a type, an index as text and a number. */
const CERTAINLY_SMALL_BYTES = MAX_BYTES / 8;
/** Names by which the driver takes a plain object for one of its own types, or a value for a function. */
const DRIVERS_OWN = new Set(["_bsontype", "toBSON"]);
const SURROGATE_ESCAPE = /\\ud[89a-f]/i;

/** Why MongoDB could not hold this event, of so many `bytes` as JSON, as it is; null where it can. */
export function unstorableReason(event: unknown, json: string, bytes: number): string | null {
  if (bytes > MAX_BYTES) return `it has ${bytes} bytes, MongoDB holds ${MAX_BYTES} at most`;
  // Only an escape can bring half a surrogate pair into valid UTF-8: nearly every event is spared the search.
  const mayHoldSurrogates = json.includes("\\u") && SURROGATE_ESCAPE.test(json);
  const reason = inspect(event, 1, mayHoldSurrogates);
  if (reason || bytes < CERTAINLY_SMALL_BYTES) return reason;
  const asBson = bsonBytes(event);
  return asBson > MAX_BYTES ? `it takes ${asBson} bytes as BSON, MongoDB holds ${MAX_BYTES} at most` : null;
}

/** The event as JSON, or why it cannot be sent: a caller on this node may hand over what JSON does not have. */
export function written(event: object): { value: string; unstorable: string | null } {
  try {
    const value = JSON.stringify(event);
    return { value, unstorable: unstorableReason(event, value, Buffer.byteLength(value)) };
  } catch (error) {
    return { value: "", unstorable: `it cannot be written as JSON: ${(error as Error).message}` };
  }
}

/** How much of a document a value takes, without its name. */
function bsonBytes(value: unknown): number {
  if (typeof value === "string") return 5 + Buffer.byteLength(value);
  if (typeof value === "number") return 8;
  if (typeof value === "boolean") return 1;
  if (typeof value !== "object" || value === null) return 0;
  let bytes = 5;
  for (const key of Object.keys(value)) {
    bytes += 2 + Buffer.byteLength(key) + bsonBytes((value as Record<string, unknown>)[key]);
  }
  return bytes;
}

const isOwn = Object.prototype.hasOwnProperty;

function inspect(value: unknown, depth: number, surrogates: boolean): string | null {
  if (typeof value === "string") {
    return surrogates && !value.isWellFormed() ? "a text holds half of a surrogate pair" : null;
  }
  if (typeof value === "number")
    return Number.isFinite(value) ? null : `a number is ${value}, which JSON has not`;
  if (typeof value !== "object" || value === null) return null;
  if (depth > MAX_DEPTH) return `it is nested deeper than ${MAX_DEPTH} levels`;
  if (Array.isArray(value)) {
    for (const item of value) {
      const reason = inspect(item, depth + 1, surrogates);
      if (reason) return reason;
    }
    return null;
  }
  // No list of the names: this is done for every event.
  for (const key in value) {
    if (!isOwn.call(value, key)) continue;
    const reason =
      keyReason(key, surrogates) ?? inspect((value as Record<string, unknown>)[key], depth + 1, surrogates);
    if (reason) return reason;
  }
  return null;
}

/** Names that were found to be good: producers send the same ones again and again. */
const knownNames = new Set<string>();
const KNOWN_NAMES = 4_096;

function keyReason(key: string, surrogates: boolean): string | null {
  if (knownNames.has(key)) return null;
  if (key.includes("\0")) return "a member's name holds a NUL character";
  if (key === "__proto__") return "a member is named __proto__, which drivers cannot give back";
  if (DRIVERS_OWN.has(key)) return `a member is named ${key}, which drivers take for their own`;
  if (key.startsWith("$")) return `a member's name begins with a dollar sign: ${key.slice(0, 80)}`;
  if (surrogates && !key.isWellFormed()) return "a member's name holds half of a surrogate pair";
  if (knownNames.size < KNOWN_NAMES && key.length <= 64) knownNames.add(key);
  return null;
}
