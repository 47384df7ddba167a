export type Schema = Record<string, unknown> | boolean;

/** The schema with what its `$ref` points to within the same file. */
export function resolve(root: Schema, schema: unknown, depth = 0): Schema {
  if (typeof schema === "boolean") return schema;
  const object = objectOf(schema);
  const { $ref, ...beside } = object;
  if (typeof $ref !== "string" || depth > 20) return object;
  if ($ref !== "#" && !$ref.startsWith("#/")) return object;
  let target: unknown = root;
  for (const part of $ref.slice(2).split("/").filter(Boolean)) {
    target = objectOf(target)[decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  const resolved = resolve(root, target, depth + 1);
  return typeof resolved === "boolean" ? resolved : { ...resolved, ...beside };
}

export function definitions(schema: Schema): unknown {
  return typeof schema === "boolean" ? undefined : schema.$defs;
}

export function typesOf({ type }: Record<string, unknown>): string[] | null {
  if (type === undefined) return null;
  return (Array.isArray(type) ? type.map(String) : [String(type)]).sort();
}

export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
