import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { EventFailure } from "../../schemas/delivery";

// A document holds 16 MiB. 15 MiB and a quarter of raw bytes leave room for the rest at its limits, and for the history.
export const MAX_RAW_BYTES = 15.25 * 1024 * 1024;
const MAX_KEY = 64 * 1024;
const MAX_HEADERS = 128 * 1024;
const MAX_DETAILS = 32 * 1024;
const MAX_MESSAGE = 8 * 1024;
const MAX_STACK = 16 * 1024;
const MAX_DETAILS_DEPTH = 50;

export interface Fitted {
  error: EventFailure;
  key: string | null;
  headers: [name: string, value: string][];
  raw: Buffer | null;
  raw_bytes: number;
  cut?: string[];
}

/** Makes whatever came fit into one document; `cut` names what is no longer whole. */
export function fit({ error, key, headers, raw: given }: DeadLetterInput): Fitted {
  const cut: string[] = [];
  const raw = given && bytesOf(given);
  if (raw && raw.length > MAX_RAW_BYTES) cut.push("raw");
  if (key && key.length > MAX_KEY) cut.push("key");
  let pairs = Object.entries(headers ?? {});
  if (pairs.reduce((sum, [name, value]) => sum + name.length + value.length, 0) > MAX_HEADERS) {
    cut.push("headers");
    pairs = [];
  }
  const failure = fitFailure(error);
  if (failure.cut) cut.push("error");
  return {
    error: failure.error,
    key: key?.slice(0, MAX_KEY) ?? null,
    headers: pairs,
    raw: raw?.subarray(0, MAX_RAW_BYTES) ?? null,
    raw_bytes: raw?.length ?? 0,
    ...(cut.length > 0 && { cut }),
  };
}

/** Error details come from plugins and may hold anything: cycles, functions, names that MongoDB refuses. */
export function fitFailure({ type, message, stack, details }: EventFailure): {
  error: EventFailure;
  cut: boolean;
} {
  const error: EventFailure = {
    type: String(type).slice(0, 256),
    message: String(message).slice(0, MAX_MESSAGE),
  };
  let cut = String(message).length > MAX_MESSAGE;
  if (stack !== undefined) {
    error.stack = String(stack).slice(0, MAX_STACK);
    cut ||= String(stack).length > MAX_STACK;
  }
  if (details !== undefined) {
    const text = jsonOf(details);
    if (text.length <= MAX_DETAILS && isStorable(text)) error.details = JSON.parse(text);
    else {
      error.details = {
        cut: `${text.length} characters, of which these are the first`,
        text: text.slice(0, 2_000),
      };
      cut = true;
    }
  }
  return { error, cut };
}

/** A Buffer comes as such from this node, and as `{ type: "Buffer", data }` over a transporter with JSON. */
function bytesOf(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Buffer.from((value as { data: number[] }).data);
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    return JSON.stringify(`not to be written as JSON: ${(error as Error).message}`);
  }
}

function isStorable(json: string): boolean {
  if (json.includes("\\u0000") || json.includes('"__proto__"') || !json.startsWith("{")) return false;
  let depth = 0;
  let deepest = 0;
  for (const character of json) {
    if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth--;
  }
  return deepest <= MAX_DETAILS_DEPTH;
}
