/** `order.placed` is one type, `order.*` one level below `order`, `**` and `order.**` any depth. */
export type EventMatcher = (eventType: string) => boolean;

const PATTERN = /^(?:\*\*|\*|[a-z][a-z0-9_]*)(?:\.(?:\*\*|\*|[a-z][a-z0-9_]*))*$/;

export function isPattern(text: string): boolean {
  return PATTERN.test(text);
}

export function matcherOf(pattern: string): EventMatcher {
  if (!pattern.includes("*")) return (eventType) => eventType === pattern;
  const source = pattern
    .split(".")
    .map((part) => (part === "**" ? ".+" : part === "*" ? "[^.]+" : part))
    .join("\\.");
  const expression = new RegExp(`^${source}$`);
  return (eventType) => expression.test(eventType);
}

export function matchesAny(patterns: readonly string[], eventType: string): boolean {
  return patterns.some((pattern) => matcherOf(pattern)(eventType));
}

/** Orders patterns so that the most specific one comes first: exact types, then `*`, then `**`, longer before shorter. */
export function bySpecificity(a: string, b: string): number {
  return breadth(a) - breadth(b) || b.length - a.length || (a < b ? -1 : 1);
}

function breadth(pattern: string): number {
  if (pattern.includes("**")) return 2;
  return pattern.includes("*") ? 1 : 0;
}
