/** A double holds every decimal of so many significant digits apart from its neighbours. */
const DOUBLE_DIGITS = 17;

const [QUOTE, BACKSLASH, COLON, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x3a, 0x2d, 0x30, 0x39];
const [OPEN_OBJECT, OPEN_ARRAY, CLOSE_OBJECT, CLOSE_ARRAY] = [0x7b, 0x5b, 0x7d, 0x5d];
const [SMALL_E, LARGE_E] = [0x65, 0x45];
/** A number of so few characters, and without an exponent, is what a double keeps. */
const SAFE_LENGTH = 15;

/**
 * What of a JSON text its parsed value no longer holds, in words; null where the value is all of it. `parsed` is what
 * JSON.parse made of the text, whose bytes in UTF-8 these are, and not deeper than a recursion may go.
 */
export function lossIn(bytes: Uint8Array, text: string, parsed: unknown): string | null {
  // The common case: where a name comes twice, its first value is gone, and the text has more strings than what was made of it.
  if (stringsOf(bytes) === stringsIn(parsed)) return null;
  // What would be written is what was read.
  if (JSON.stringify(parsed) === text) return null;
  return findLoss(text, parsed);
}

/**
 * How many strings a text has that is known to be JSON, names among them; -1 where a number or a name in it has to be looked at:
 * V8 misreads a name of one escaped character once it has seen others (https://github.com/nodejs/node/issues/63785).
 */
function stringsOf(bytes: Uint8Array): number {
  const { length } = bytes;
  let strings = 0;
  for (let at = 0; at < length; at += 1) {
    let byte = bytes[at] as number;
    if (byte === QUOTE) {
      strings += 1;
      at += 1;
      let isEscaped = false;
      for (byte = bytes[at] as number; byte !== QUOTE; byte = bytes[at] as number) {
        if (byte === BACKSLASH) isEscaped = true;
        at += byte === BACKSLASH ? 2 : 1;
      }
      if (isEscaped && isName(bytes, at)) return -1;
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      const start = at;
      for (byte = bytes[at + 1] as number; isOfNumber(byte); byte = bytes[at + 1] as number) {
        if (byte === SMALL_E || byte === LARGE_E) return -1;
        at += 1;
      }
      if (at - start >= SAFE_LENGTH) return -1;
    }
  }
  return strings;
}

/** Whether a colon follows a string that ends there. */
function isName(bytes: Uint8Array, end: number): boolean {
  let at = end + 1;
  while ((bytes[at] as number) <= 0x20) at += 1;
  return bytes[at] === COLON;
}

/** How many strings a value has, the names of its objects' members among them. */
function stringsIn(value: unknown): number {
  if (typeof value === "string") return 1;
  if (typeof value !== "object" || value === null) return 0;
  let strings = 0;
  if (Array.isArray(value)) for (const item of value) strings += stringsIn(item);
  else for (const name in value) strings += 1 + stringsIn((value as Record<string, unknown>)[name]);
  return strings;
}

function namesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(namesIn);
  return Object.entries(value).flatMap(([name, member]) => [name, ...namesIn(member)]);
}

/** Walks through a text that is known to be JSON. By character codes: it is called for every event that some producers send. */
function findLoss(text: string, parsed: unknown): string | null {
  const written: string[] = [];
  /** The names so far of each object that is open; null for an array. */
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      const next = skipBlanks(text, end);
      const names = text.charCodeAt(next) === COLON ? open.at(-1) : null;
      if (names) {
        const name = nameIn(text.slice(at + 1, end - 1));
        if (names.has(name)) return `an object names ${JSON.stringify(name).slice(0, 80)} twice`;
        names.add(name);
        written.push(name);
      }
      at = next;
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = endOfNumber(text, at);
      const loss = numberLoss(text.slice(at, end));
      if (loss) return loss;
      at = end;
    } else {
      if (code === OPEN_OBJECT) open.push(new Set());
      else if (code === OPEN_ARRAY) open.push(null);
      else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) open.pop();
      at += 1;
    }
  }
  return misreadName(written, namesIn(parsed));
}

/** A name that was read as another one, in words; null where each was read as often as it was written. */
function misreadName(written: readonly string[], read: readonly string[]): string | null {
  const missing = new Map<string, number>();
  for (const name of written) missing.set(name, (missing.get(name) ?? 0) + 1);
  for (const name of read) missing.set(name, (missing.get(name) ?? 0) - 1);
  const [wrong] = [...missing].find(([, left]) => left !== 0) ?? [];
  return wrong === undefined ? null : `the name ${JSON.stringify(wrong).slice(0, 80)} was misread`;
}

/** → the position behind the closing quote: the first with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let before = at - 1;
    while (text[before] === "\\") before -= 1;
    if ((at - before) % 2 === 1) return at + 1;
  }
}

function nameIn(written: string): string {
  return written.includes("\\") ? (JSON.parse(`"${written}"`) as string) : written;
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (isOfNumber(text.charCodeAt(at))) at += 1;
  return at;
}

/** Digits, and `+`, `-`, `.`, `e`, `E`. */
function isOfNumber(code: number): boolean {
  return (
    (code >= ZERO && code <= NINE) ||
    code === 0x2e ||
    code === SMALL_E ||
    code === LARGE_E ||
    code === 0x2b ||
    code === MINUS
  );
}

/** A whole number has to be exact; a fraction is as exact as a double, which JSON's readers agree on. */
function numberLoss(literal: string): string | null {
  if (literal.length <= SAFE_LENGTH && !literal.includes("e") && !literal.includes("E")) return null;
  const value = Number(literal);
  const shown = literal.slice(0, 40);
  if (!Number.isFinite(value)) return `the number ${shown} is too large`;
  if (/^-?\d+$/.test(literal))
    return BigInt(value) === BigInt(literal) ? null : `the number ${shown} would become ${BigInt(value)}`;
  const digits = literal
    .replace(/[eE].*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+/, "")
    .replace(/0+$/, "");
  if (value === 0 && digits !== "") return `the number ${shown} is too small`;
  return digits.length > DOUBLE_DIGITS ? `the number ${shown} has more digits than can be kept` : null;
}
