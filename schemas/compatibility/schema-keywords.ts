export type Schema = Record<string, unknown> | boolean;

/** Keywords whose value is a schema. */
const ONE = new Set([
  "additionalProperties",
  "unevaluatedProperties",
  "items",
  "unevaluatedItems",
  "contains",
  "propertyNames",
  "not",
  "if",
  "then",
  "else",
]);
/** … a list of schemas. */
const MANY = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
/** … schemas by name. */
const NAMED = new Set(["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"]);
/** … a list whose order says nothing. */
const SETS = new Set(["type", "enum", "required"]);

/** They tell the reader something, or give parts a name, and decide nothing. */
const ANNOTATIONS = new Set([
  "$schema",
  "$id",
  "$comment",
  "$defs",
  "definitions",
  "$anchor",
  "$dynamicAnchor",
  "title",
  "description",
  "examples",
  "default",
  "deprecated",
  "readOnly",
  "writeOnly",
]);

export function kindOf(keyword: string): "one" | "many" | "named" | "set" | "value" {
  if (ONE.has(keyword)) return "one";
  if (MANY.has(keyword)) return "many";
  if (NAMED.has(keyword)) return "named";
  return SETS.has(keyword) ? "set" : "value";
}

/** What of a schema decides anything, in the order in which it is written. */
export function decisiveOf(schema: Record<string, unknown>): [keyword: string, value: unknown][] {
  return Object.entries(schema).filter(([keyword]) => !ANNOTATIONS.has(keyword));
}

/** The schemas directly within a schema. */
export function partsOf(schema: Record<string, unknown>): unknown[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    const kind = kindOf(keyword);
    if (kind === "one") return [value];
    if (kind === "many") return Array.isArray(value) ? value : [];
    return kind === "named" ? Object.values(objectOf(value)) : [];
  });
}

/** The types that a schema allows, sorted; null for all. */
export function typesOf({ type, nullable }: Record<string, unknown>): string[] | null {
  if (type === undefined) return null;
  const types = Array.isArray(type) ? type.map(String) : [String(type)];
  return [...new Set(nullable === true ? [...types, "null"] : types)].sort();
}

/** The values that a schema allows, by `enum` or `const`; null for all. */
export function valuesOf(schema: Record<string, unknown>): unknown[] | null {
  if (Array.isArray(schema.enum)) return schema.enum;
  return "const" in schema ? [schema.const] : null;
}

export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
