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

/** Walks through a text that is known to be JSON. */
function findLoss(text: string): string | null {
  /** The names so far of each object that is open; null for an array. */
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text[at] as string;
    if (char === '"') {
      const end = endOfString(text, at);
      const next = skipBlanks(text, end);
      if (text[next] === ":") {
        const name = JSON.parse(text.slice(at, end)) as string;
        const names = open.at(-1);
        if (names?.has(name)) return `an object names ${JSON.stringify(name).slice(0, 80)} twice`;
        names?.add(name);
      }
      at = next;
    } else if (char === "-" || (char >= "0" && char <= "9")) {
      const end = endOfNumber(text, at);
      const loss = numberLoss(text.slice(at, end));
      if (loss) return loss;
      at = end;
    } else {
      if (char === "{") open.push(new Set());
      else if (char === "[") open.push(null);
      else if (char === "}" || char === "]") open.pop();
      at += 1;
    }
  }
  return null;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at += 1;
  return at;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && "0123456789.eE+-".includes(text[at] as string)) at += 1;
  return at;
}

/** A whole number has to be exact; a fraction is as exact as a double, which JSON's readers agree on. */
function numberLoss(literal: string): string | null {
  if (literal.length <= 15 && !/[eE]/.test(literal)) return null;
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
