/** A copy of a JSON value in which every string, not its keys, went through `redact`. */
export function redactStrings(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactStrings(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, redactStrings(member, redact)]),
  );
}

/** The same for a line of JSON. Parsed, because a secret may look like a piece of the line itself, such as its level. */
export function redactJsonLine(line: string, redact: (text: string) => string): string {
  return `${JSON.stringify(redactStrings(JSON.parse(line), redact))}\n`;
}
