import assert from "node:assert/strict";
import Ajv2020, { type ValidateFunction } from "ajv/dist/2020";
import fc from "fast-check";
import { compareSchemas, type Schema } from "../../../schemas/compatibility/compare-schemas";

const NAMES = ["a", "b", "xa"];
const name = fc.constantFrom(...NAMES);
const small = fc.integer({ min: 0, max: 3 });
const reference = fc.constantFrom("#/$defs/one", "#/$defs/two", "#two", "#/$defs/list/allOf/0", "#");

const few = { minKeys: 0, maxKeys: 2, noNullPrototype: true };
const { schema } = fc.letrec<{ schema: Schema }>((tie) => {
  const one = tie("schema");
  const named = fc.dictionary(name, one, few);
  const several = fc.array(one, { minLength: 1, maxLength: 2 });
  const keywords = fc.record(
    {
      type: fc.oneof(
        fc.constantFrom("object", "array", "string", "integer", "number", "null"),
        fc.constant(["object", "array"]),
      ),
      enum: fc.uniqueArray(fc.constantFrom(1, "a", null, 2), { minLength: 1, maxLength: 3 }),
      const: fc.constantFrom(1, "a"),
      minimum: small,
      exclusiveMaximum: small,
      multipleOf: fc.constantFrom(1, 2),
      maxLength: small,
      pattern: fc.constantFrom("^a", "b$"),
      minItems: small,
      uniqueItems: fc.boolean(),
      items: one,
      prefixItems: several,
      contains: one,
      minContains: small,
      properties: named,
      required: fc.uniqueArray(name, { maxLength: 2 }),
      patternProperties: fc.dictionary(fc.constantFrom("^x", "a$"), one, few),
      additionalProperties: one,
      unevaluatedProperties: one,
      propertyNames: one,
      dependentRequired: fc.dictionary(name, fc.uniqueArray(name, { maxLength: 2 }), few),
      dependentSchemas: named,
      allOf: several,
      anyOf: several,
      oneOf: several,
      not: one,
      if: one,
      // biome-ignore lint/suspicious/noThenProperty: the keyword's name
      then: one,
      else: one,
      $ref: reference,
      title: fc.constant("a title"),
    },
    { requiredKeys: [] },
  );
  return {
    schema: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      fc.boolean(),
      keywords.chain((all) =>
        fc
          .subarray(Object.keys(all), { minLength: 0, maxLength: 3 })
          .map((chosen) =>
            Object.fromEntries(chosen.map((key) => [key, (all as Record<string, unknown>)[key]])),
          ),
      ),
    ),
  };
});

/** A file with definitions that its parts refer to by pointer and by anchor. */
const file = fc.tuple(schema, schema, schema).map(([root, one, two]) => ({
  ...(typeof root === "boolean" ? { not: root } : root),
  $defs: {
    one,
    two: { ...(typeof two === "boolean" ? { not: two } : two), $anchor: "two" },
    list: { allOf: [one] },
  },
}));

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "medium" },
    fc.constantFrom(null, 0, 1, 2, 2.5, "a", "b", "ab", "xyzb"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

/** Puts another schema, or nothing, in the place of one part of a file, which its number chooses. */
function changed(before: object, at: number, replacement: Schema | undefined): object {
  const after = structuredClone(before) as Record<string, unknown>;
  const places: [Record<string, unknown>, string][] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const key of Object.keys(node)) {
      if (key !== "$anchor" && key !== "$defs") places.push([node as Record<string, unknown>, key]);
      walk((node as Record<string, unknown>)[key]);
    }
  };
  walk(after);
  const [node, key] = places[at % Math.max(1, places.length)] ?? [after, "not"];
  if (replacement === undefined && !Array.isArray(node)) delete node[key];
  else node[key] = replacement ?? true;
  return after;
}

function compiled(given: object): ValidateFunction | null {
  try {
    return new Ajv2020({ strict: false, logger: false }).compile(given);
  } catch {
    return null;
  }
}

/** Whether the value fits; null where the schema refers to itself without an end. */
function fits(validate: ValidateFunction, given: unknown): boolean | null {
  try {
    return validate(given) as boolean;
  } catch {
    return null;
  }
}

describe("comparing versions of a schema, whatever they are", () => {
  it("lets no change pass by which something that was accepted is refused", () => {
    let refused = 0;
    fc.assert(
      fc.property(
        file,
        fc.nat(),
        fc.option(schema, { nil: undefined }),
        fc.array(value, { minLength: 12, maxLength: 12 }),
        (before, at, replacement, values) => {
          const after = changed(before, at, replacement);
          const [accepted, accepts] = [compiled(before), compiled(after)];
          if (!accepted || !accepts) return;
          const lost = values.filter((one) => fits(accepted, one) === true && fits(accepts, one) === false);
          if (lost.length === 0) return;
          refused += 1;
          assert.notDeepEqual(
            compareSchemas(before, after as Schema),
            [],
            `${JSON.stringify(lost[0])} is refused now`,
          );
        },
      ),
      { numRuns: Number(process.env.SCHEMA_PAIRS ?? 150) },
    );
    assert.ok(refused > 0, "some of the changes refuse something");
  });

  it("says nothing of a file that is the same but for its words and the names of its definitions", () => {
    fc.assert(
      fc.property(file, (before) => {
        const text = JSON.stringify(before)
          .replaceAll("$defs/one", "$defs/first")
          .replace('"one":', '"first":');
        const after = { ...JSON.parse(text), description: "other words" };
        assert.deepEqual(compareSchemas(before, after), []);
      }),
      { numRuns: 200 },
    );
  });
});
