import { followed } from "./same-schema";
import type { SchemaDocument } from "./schema-document";
import { decisiveOf, objectOf } from "./schema-keywords";

/**
 * All that a value has to be at once, each without `allOf`, and without a `$ref` within the file: the schema's own keywords, what it
 * refers to, and the parts of its `allOf`. Null for a schema that nothing fits; empty for one that everything fits.
 */
export function conjunctsOf(document: SchemaDocument, schema: unknown): Record<string, unknown>[] | null {
  const found: Record<string, unknown>[] = [];
  const met = new Set<unknown>();
  const collect = (part: unknown): boolean => {
    const schemaOrTruth = followed(document, part);
    if (typeof schemaOrTruth === "boolean") return schemaOrTruth;
    // Again within itself: it asks for nothing more.
    if (met.has(schemaOrTruth)) return true;
    met.add(schemaOrTruth);
    const target = "$ref" in schemaOrTruth ? document.target(schemaOrTruth) : undefined;
    const { allOf, $ref, ...own } = schemaOrTruth;
    const rest = $ref !== undefined && target === undefined ? { $ref, ...own } : own;
    if (decisiveOf(rest).length > 0)
      found.push(allOf === undefined && rest.$ref === $ref ? schemaOrTruth : rest);
    const parts = [...(target === undefined ? [] : [target]), ...(Array.isArray(allOf) ? allOf : [])];
    return parts.every(collect);
  };
  return collect(schema) ? found.map(objectOf) : null;
}

/** Which of what had to be is which of what has to be: those that `same` finds alike, then by their order. */
export function pairUp<Part extends object>(
  before: readonly Part[],
  after: readonly Part[],
  same: (old: Part, now: Part) => boolean,
): [Part | undefined, Part | undefined][] {
  const left = [...after];
  const changed = before.filter((old) => {
    const at = left.findIndex((now) => same(old, now));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return Array.from({ length: Math.max(changed.length, left.length) }, (_, index) => [
    changed[index],
    left[index],
  ]);
}
