import { isDeepStrictEqual } from "node:util";
import { definitions, listOf, objectOf, resolve, type Schema, typesOf } from "./schema-parts";

export type { Schema } from "./schema-parts";

/** One way in which a changed schema refuses what it accepted, or lets through what its readers have never met. */
export interface Break {
  /** JSON Pointer into the payload, with `*` for the items of a list; empty: the payload itself. */
  path: string;
  rule: Rule;
  message: string;
}

export type Rule =
  | "member_removed"
  | "member_described"
  | "required_added"
  | "required_removed"
  | "type_changed"
  | "enum_narrowed"
  | "constraint_changed"
  | "limit_narrowed"
  | "closed"
  | "not_comparable";

/** They tell the reader something, and decide nothing. */
const ANNOTATIONS = new Set([
  "$schema",
  "$id",
  "$comment",
  "$defs",
  "$anchor",
  "title",
  "description",
  "examples",
  "default",
  "deprecated",
  "readOnly",
  "writeOnly",
]);
/** A higher lower limit, or a lower upper limit, refuses what was accepted. */
const LOWER = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"];
const UPPER = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"];
/** Any other value than before may refuse what was accepted; leaving it out refuses nothing. */
const EXACT = [
  "const",
  "format",
  "pattern",
  "multipleOf",
  "uniqueItems",
  "contentEncoding",
  "contentMediaType",
];
const OPEN_OR_CLOSED = ["additionalProperties", "unevaluatedProperties"];
const COMPARED = new Set([
  ...LOWER,
  ...UPPER,
  ...EXACT,
  ...OPEN_OR_CLOSED,
  "$ref",
  "type",
  "enum",
  "required",
  "properties",
  "items",
]);

/** Everything by which `after` breaks those who send or read what `before` described; empty where nothing does. */
export function compareSchemas(before: Schema, after: Schema): Break[] {
  const breaks: Break[] = [];
  const seen = new Set<string>();
  const roots = { before, after };

  const visit = (path: string, old: unknown, now: unknown): void => {
    if (isDeepStrictEqual(old, now) && isDeepStrictEqual(definitions(before), definitions(after))) return;
    const was = resolve(roots.before, old);
    const is = resolve(roots.after, now);
    // A schema that refers to itself is compared once for each pair of its parts.
    const pair = JSON.stringify([old, now]);
    if (seen.has(pair)) return;
    seen.add(pair);
    compareOne(path, was, is, breaks, visit);
  };
  visit("", before, after);
  return breaks;
}

type Visit = (path: string, old: unknown, now: unknown) => void;

function compareOne(path: string, was: Schema, is: Schema, breaks: Break[], visit: Visit): void {
  const add = (rule: Rule, message: string, at = path) => breaks.push({ path: at, rule, message });
  if (typeof was === "boolean" || typeof is === "boolean") {
    if (was !== is && is !== true) add("not_comparable", "a schema of `true` or `false` was changed");
    return;
  }
  compareTypes(was, is, add);
  compareMembers(path, was, is, add, visit);
  for (const [names, narrower] of [
    [LOWER, (a: number, b: number) => b > a],
    [UPPER, (a: number, b: number) => b < a],
  ] as const) {
    for (const name of names) {
      const [from, to] = [was[name], is[name]];
      if (typeof to !== "number" || (typeof from === "number" && !narrower(from, to))) continue;
      add("limit_narrowed", `\`${name}\` is ${to} now, and was ${from ?? "not there"}`);
    }
  }
  for (const name of EXACT) {
    if (
      is[name] === undefined ||
      isDeepStrictEqual(was[name], is[name]) ||
      (name === "uniqueItems" && is[name] === false)
    )
      continue;
    add(
      "constraint_changed",
      `\`${name}\` is ${JSON.stringify(is[name])} now, and was ${JSON.stringify(was[name]) ?? "not there"}`,
    );
  }
  if (was.items !== undefined && is.items !== undefined) visit(`${path}/*`, was.items, is.items);
  else if (is.items !== undefined && is.items !== true)
    add("limit_narrowed", "the items of the list are described now, and were anything before");
  for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (COMPARED.has(name) || ANNOTATIONS.has(name) || isDeepStrictEqual(was[name], is[name])) continue;
    add(
      "not_comparable",
      `\`${name}\` was changed: whether that refuses anything cannot be told from the schemas`,
    );
  }
}

type Add = (rule: Rule, message: string, at?: string) => void;

function compareTypes(was: Record<string, unknown>, is: Record<string, unknown>, add: Add): void {
  const [from, to] = [typesOf(was), typesOf(is)];
  if (!isDeepStrictEqual(from, to)) {
    const said = (types: string[] | null) => types?.join(" or ") ?? "anything";
    add("type_changed", `it is ${said(to)} now, and was ${said(from)}`);
  }
  if (!Array.isArray(is.enum)) return;
  const values = is.enum;
  if (!Array.isArray(was.enum)) {
    add("enum_narrowed", "only some values are allowed now");
    return;
  }
  const gone = was.enum.filter((value) => !values.some((other) => isDeepStrictEqual(value, other)));
  if (gone.length > 0)
    add("enum_narrowed", `${gone.map((value) => JSON.stringify(value)).join(", ")} is allowed no more`);
}

function compareMembers(
  path: string,
  was: Record<string, unknown>,
  is: Record<string, unknown>,
  add: Add,
  visit: Visit,
): void {
  const [from, to] = [objectOf(was.properties), objectOf(is.properties)];
  const below = (name: string) => `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  for (const [name, schema] of Object.entries(from)) {
    if (Object.hasOwn(to, name)) visit(below(name), schema, to[name]);
    else add("member_removed", "the member is gone", below(name));
  }
  const wasClosed = OPEN_OR_CLOSED.some((keyword) => was[keyword] === false);
  for (const name of Object.keys(to)) {
    if (Object.hasOwn(from, name) || wasClosed || to[name] === true) continue;
    add("member_described", "the member is described now; before it might be anything", below(name));
  }
  const [needed, needs] = [listOf(was.required), listOf(is.required)];
  for (const name of needs)
    if (!needed.includes(name)) add("required_added", "the member is required now", below(name));
  for (const name of needed) {
    // That it is gone says it all.
    if (!needs.includes(name) && (Object.hasOwn(to, name) || !Object.hasOwn(from, name)))
      add("required_removed", "the member may be missing now, and handlers rely on it", below(name));
  }
  for (const keyword of OPEN_OR_CLOSED) {
    const [open, now] = [was[keyword] ?? true, is[keyword] ?? true];
    if (now === true || isDeepStrictEqual(open, now)) continue;
    if (open === true || now === false) add("closed", `\`${keyword}\` refuses members that were accepted`);
    else if (open !== false) visit(`${path}/*`, open, now);
  }
}
