import { isDeepStrictEqual } from "node:util";
import type { Comparison } from "./break";
import { typesOf, valuesOf } from "./schema-keywords";

/** A higher lower limit, or a lower upper limit, refuses what was accepted. */
const LOWER = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"];
const UPPER = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"];
/** Any other value than before may refuse what was accepted; leaving it out refuses nothing. */
const EXACT = ["format", "pattern", "multipleOf", "uniqueItems", "contentEncoding", "contentMediaType"];

export const OF_VALUES = [...LOWER, ...UPPER, ...EXACT, "type", "nullable", "enum", "const"];

/** What a value itself may be: its type, which values, and within which limits. */
export function compareValues(comparison: Comparison): void {
  const { was, is, add } = comparison;
  const [from, to] = [typesOf(was), typesOf(is)];
  if (!isDeepStrictEqual(from, to)) {
    const said = (types: string[] | null) => types?.join(" or ") ?? "anything";
    add("type_changed", `it is ${said(to)} now, and was ${said(from)}`);
  }
  compareEnums(comparison);
  compareLimits(comparison);
  for (const name of EXACT) {
    const now = is[name];
    if (now === undefined || isDeepStrictEqual(was[name], now) || (name === "uniqueItems" && now === false))
      continue;
    add("constraint_changed", `\`${name}\` is ${shown(now)} now, and was ${shown(was[name])}`);
  }
}

function compareEnums({ was, is, add }: Comparison): void {
  if ("const" in is && !isDeepStrictEqual(valuesOf(was), [is.const]))
    add("constraint_changed", `\`const\` is ${shown(is.const)} now, and was ${shown(was.const)}`);
  if (!Array.isArray(is.enum)) return;
  const [values, before] = [is.enum, valuesOf(was)];
  if (!before) {
    add("enum_narrowed", "only some values are allowed now");
    return;
  }
  const gone = before.filter((value) => !values.some((other) => isDeepStrictEqual(value, other)));
  if (gone.length > 0) add("enum_narrowed", `${gone.map(shown).join(", ")} is allowed no more`);
}

function compareLimits({ was, is, add }: Comparison): void {
  for (const [names, narrower] of [
    [LOWER, (a: number, b: number) => b > a],
    [UPPER, (a: number, b: number) => b < a],
  ] as const) {
    for (const name of names) {
      const [from, to] = [limitOf(was, name), limitOf(is, name)];
      if (typeof to !== "number" || (typeof from === "number" && !narrower(from, to))) continue;
      add("limit_narrowed", `\`${name}\` is ${to} now, and was ${from ?? "not there"}`);
    }
  }
}

/** Without `minContains`, `contains` asks for one. */
function limitOf(schema: Record<string, unknown>, name: string): unknown {
  return name === "minContains" && "contains" in schema ? (schema[name] ?? 1) : schema[name];
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? "not there";
}
