import { below, type Comparison, notComparable } from "./break";
import { listOf, objectOf } from "./schema-keywords";

const OPEN_OR_CLOSED = ["additionalProperties", "unevaluatedProperties"];
/** Through them too a member may have been described, though it is none of the schema's own. */
const DESCRIBES_ELSEWHERE = ["anyOf", "oneOf", "if", "dependentSchemas", "$ref", "$dynamicRef"];

export const OF_OBJECTS = [...OPEN_OR_CLOSED, "properties", "patternProperties", "required"];

/** Which members an object has, and what they may be. `alone`: nothing else describes the same object. */
export function compareObjects(comparison: Comparison, alone: boolean): void {
  compareMembers(comparison, alone);
  compareRequired(comparison);
  comparePatterns(comparison);
  compareOpenness(comparison);
}

function compareMembers({ path, was, is, add, visit, same }: Comparison, alone: boolean): void {
  const [from, to] = [objectOf(was.properties), objectOf(is.properties)];
  for (const [name, schema] of Object.entries(from)) {
    if (Object.hasOwn(to, name)) visit(below(path, name), schema, to[name]);
    else add("member_removed", "the member is gone", below(path, name));
  }
  const isClosed =
    was.additionalProperties === false ||
    (was.unevaluatedProperties === false && alone && !DESCRIBES_ELSEWHERE.some((keyword) => keyword in was));
  for (const [name, schema] of Object.entries(to)) {
    if (Object.hasOwn(from, name)) continue;
    const matching = Object.entries(objectOf(was.patternProperties)).filter(([pattern]) =>
      matches(pattern, name),
    );
    for (const [, described] of matching) visit(below(path, name), described, schema);
    if (matching.length > 0 || isClosed || same(true, schema)) continue;
    add("member_described", "the member is described now; before it might be anything", below(path, name));
  }
}

function compareRequired({ path, was, is, add }: Comparison): void {
  const [from, to] = [objectOf(was.properties), objectOf(is.properties)];
  const [needed, needs] = [listOf(was.required), listOf(is.required)];
  for (const name of needs)
    if (!needed.includes(name)) add("required_added", "the member is required now", below(path, name));
  for (const name of needed) {
    // That it is gone says it all.
    if (!needs.includes(name) && (Object.hasOwn(to, name) || !Object.hasOwn(from, name)))
      add("required_removed", "the member may be missing now, and handlers rely on it", below(path, name));
  }
}

function comparePatterns({ path, was, is, add, visit, same }: Comparison): void {
  const [from, to] = [objectOf(was.patternProperties), objectOf(is.patternProperties)];
  const members = Object.keys(objectOf(was.properties));
  const changed = (message: string) => add("not_comparable", message, `${path}/*`);
  for (const [pattern, schema] of Object.entries(from)) {
    if (Object.hasOwn(to, pattern)) visit(`${path}/*`, schema, to[pattern]);
    else changed(notComparable(`patternProperties/${pattern}`, schema, undefined));
  }
  for (const [pattern, schema] of Object.entries(to)) {
    if (Object.hasOwn(from, pattern) || same(true, schema)) continue;
    const wasRefused = was.additionalProperties === false && Object.keys(from).length === 0;
    if (!wasRefused || members.some((name) => matches(pattern, name)))
      changed(notComparable(`patternProperties/${pattern}`, undefined, schema));
  }
}

function compareOpenness({ path, was, is, add, visit, same }: Comparison): void {
  for (const keyword of OPEN_OR_CLOSED) {
    const [open, now] = [was[keyword] ?? true, is[keyword] ?? true];
    if (same(true, now) || same(open, now)) continue;
    if (same(open, true) || now === false) add("closed", `\`${keyword}\` refuses members that were accepted`);
    else if (open !== false) visit(`${path}/*`, open, now);
  }
}

function matches(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern, "u").test(name);
  } catch {
    return true;
  }
}
