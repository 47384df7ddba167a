/** Members of a JSON Schema that MongoDB refuses and that demand nothing of a document. */
const ANNOTATIONS = new Set([
  "$schema",
  "$id",
  "$comment",
  "default",
  "examples",
  "readOnly",
  "writeOnly",
  "deprecated",
]);
/** Members that MongoDB knows, and whose value is taken over as it is. */
const PLAIN = new Set([
  ...[
    "title",
    "description",
    "enum",
    "required",
    "bsonType",
    "pattern",
    "minLength",
    "maxLength",
    "multipleOf",
  ],
  ...["minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "encrypt"],
]);
const LISTS = new Set(["allOf", "anyOf", "oneOf"]);
const MAPS = new Set(["properties", "patternProperties"]);
const SCHEMAS = new Set(["not", "items", "additionalItems", "additionalProperties", "dependencies"]);

/**
 * A JSON Schema (draft 7) in the form of MongoDB's `$jsonSchema` (draft 4 with BSON types).
 * Throws an Error that names the member which MongoDB has nothing for, such as `$ref` or `format`.
 */
export function mongoJsonSchema(schema: Record<string, unknown>): Record<string, unknown> {
  const converted = convert(schema, "") as Record<string, unknown>;
  // Every document has an _id, which a closed schema would refuse.
  if (schema.additionalProperties === false)
    converted.properties = { _id: {}, ...(converted.properties as object) };
  return converted;
}

function convert(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.map((member, index) => convert(member, `${path}/${index}`));
  if (typeof value !== "object" || value === null) return value;
  const converted: Record<string, unknown> = {};
  for (const [member, given] of Object.entries(value)) {
    if (given === undefined || ANNOTATIONS.has(member)) continue;
    Object.assign(converted, convertMember(member, given, `${path}/${member}`));
  }
  return converted;
}

function convertMember(member: string, given: unknown, path: string): Record<string, unknown> {
  if (PLAIN.has(member)) return { [member]: given };
  if (member === "type") return typeOf(given);
  if (member === "const") return { enum: [given] };
  if (member === "minimum" || member === "maximum") return { [member]: given };
  if (member === "exclusiveMinimum") return { minimum: given, exclusiveMinimum: true };
  if (member === "exclusiveMaximum") return { maximum: given, exclusiveMaximum: true };
  if (LISTS.has(member) || SCHEMAS.has(member)) return { [member]: convert(given, path) };
  if (MAPS.has(member)) {
    const entries = Object.entries(given as object).map(([name, schema]) => [
      name,
      convert(schema, `${path}/${name}`),
    ]);
    return { [member]: Object.fromEntries(entries) };
  }
  throw new Error(`MongoDB has nothing for \`${member}\` at ${path}`);
}

/** A whole number from JavaScript may be stored as any of three BSON types. */
function typeOf(given: unknown): Record<string, unknown> {
  if (given === "integer") return { bsonType: ["int", "long", "double"], multipleOf: 1 };
  if (!Array.isArray(given)) return { type: given };
  if (!given.includes("integer")) return { type: given };
  const others = given
    .filter((type) => type !== "integer" && type !== "number")
    .map((type) => ALIASES[type] ?? type);
  return { bsonType: [...others, "int", "long", "double"] };
}

const ALIASES: Record<string, string> = { boolean: "bool" };
