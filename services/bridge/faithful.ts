/** A double holds every decimal of so many significant digits apart from its neighbours. */
const DOUBLE_DIGITS = 17;

/**
 * What of a JSON text its parsed value no longer holds, in words; null where the value is all of it. `parsed` is what
 * JSON.parse made of the text, and not deeper than a recursion may go.
 */
export function lossIn(text: string, parsed: unknown): string | null {
  // The common case, and much the fastest: what would be written is what was read.
  return JSON.stringify(parsed) === text ? null : findLoss(text);
}

const [QUOTE, COLON, MINUS, ZERO, NINE] = [0x22, 0x3a, 0x2d, 0x30, 0x39];
const [OPEN_OBJECT, OPEN_ARRAY, CLOSE_OBJECT, CLOSE_ARRAY] = [0x7b, 0x5b, 0x7d, 0x5d];

/** Walks through a text that is known to be JSON. By character codes: it is called for every event that some producers send. */
function findLoss(text: string): string | null {
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
  return null;
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
    code === 0x65 ||
    code === 0x45 ||
    code === 0x2b ||
    code === MINUS
  );
}

/** A whole number has to be exact; a fraction is as exact as a double, which JSON's readers agree on. */
function numberLoss(literal: string): string | null {
  if (literal.length <= 15 && !literal.includes("e") && !literal.includes("E")) return null;
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
