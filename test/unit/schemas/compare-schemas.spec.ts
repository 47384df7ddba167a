import assert from "node:assert/strict";
import { compareSchemas, type Rule, type Schema } from "../../../schemas/compatibility/compare-schemas";

const object = (properties: Record<string, Schema>, more: object = {}) => ({
  type: "object",
  additionalProperties: false,
  properties,
  ...more,
});
const a = (schema: Schema, more: object = {}) => object({ a: schema }, more);
const text = { type: "string" };
const tree = (leaf: Schema) => ({
  type: "object",
  properties: { root: { $ref: "#/$defs/node" } },
  $defs: { node: { type: "object", properties: { value: leaf, next: { $ref: "#/$defs/node" } } } },
});

/** A schema behind whose keywords the text is the same: only the definition changes. */
const behind = (keywords: (leaf: object) => object, reference: string, leaf: object): Schema => ({
  ...keywords({ $ref: reference }),
  $defs: { leaf: { ...leaf, $anchor: "leaf" } },
});
const DEFINED = [text, { type: "string", maxLength: 5 }] as const;
/** Keywords with a part that refers to the definition, and what a narrower definition breaks. */
const BEHIND: Record<string, [keywords: (leaf: object) => object, broken: `${string} ${Rule}`]> = {
  allOf: [(leaf) => ({ allOf: [{ maxLength: 9 }, leaf] }), " limit_narrowed"],
  anyOf: [(leaf) => ({ anyOf: [{ type: "integer" }, leaf] }), " not_comparable"],
  oneOf: [(leaf) => ({ oneOf: [{ type: "integer" }, leaf] }), " not_comparable"],
  not: [(leaf) => ({ not: leaf }), " not_comparable"],
  else: [(leaf) => ({ if: { minLength: 1 }, else: leaf }), " not_comparable"],
  patternProperties: [(leaf) => ({ patternProperties: { "^x": leaf } }), "/* limit_narrowed"],
  additionalProperties: [(leaf) => ({ additionalProperties: leaf }), "/* limit_narrowed"],
  unevaluatedProperties: [(leaf) => ({ unevaluatedProperties: leaf }), "/* limit_narrowed"],
  propertyNames: [(leaf) => ({ propertyNames: leaf }), " not_comparable"],
  dependentSchemas: [(leaf) => ({ dependentSchemas: { a: leaf } }), " not_comparable"],
  items: [(leaf) => ({ items: leaf }), "/* limit_narrowed"],
  prefixItems: [(leaf) => ({ prefixItems: [leaf] }), "/0 limit_narrowed"],
  contains: [(leaf) => ({ contains: leaf }), " not_comparable"],
  "a $ref beside other keywords": [(leaf) => ({ minLength: 1, ...leaf }), " limit_narrowed"],
};

/** What a change breaks: `path rule`, nothing where it breaks nothing. */
const CASES: [title: string, before: Schema, after: Schema, broken: `${string} ${Rule}`[]][] = [
  ["nothing", a(text), a(text), []],
  [
    "titles, descriptions and examples",
    a(text),
    a({ ...text, title: "A", description: "a", examples: ["x"] }),
    [],
  ],
  [
    "the order of lists and members",
    a({ type: ["string", "null"], enum: ["x", "y", null] }),
    a({ enum: [null, "y", "x"], type: ["null", "string"] }),
    [],
  ],
  ["a new optional member of a closed object", a(text), object({ a: text, b: text }), []],
  [
    "a new member of an open object",
    { type: "object", properties: { a: text } },
    { type: "object", properties: { a: text, b: text } },
    ["/b member_described"],
  ],
  [
    "a new required member",
    a(text),
    object({ a: text, b: text }, { required: ["b"] }),
    ["/b required_added"],
  ],
  ["a member that is required now", a(text), a(text, { required: ["a"] }), ["/a required_added"]],
  ["a member that may be missing now", a(text, { required: ["a"] }), a(text), ["/a required_removed"]],
  ["a removed member", object({ a: text, b: text }, { required: ["b"] }), a(text), ["/b member_removed"]],
  ["a renamed member", a(text), object({ b: text }), ["/a member_removed"]],
  ["another type", a(text), a({ type: "integer" }), ["/a type_changed"]],
  ["a narrower type", a({ type: ["string", "null"] }), a(text), ["/a type_changed"]],
  ["a type that readers have never met", a(text), a({ type: ["string", "null"] }), ["/a type_changed"]],
  ["a number that becomes whole", a({ type: "number" }), a({ type: "integer" }), ["/a type_changed"]],
  ["a value less", a({ enum: ["x", "y"] }), a({ enum: ["x"] }), ["/a enum_narrowed"]],
  ["a value more", a({ enum: ["x"] }), a({ enum: ["x", "y"] }), []],
  ["values where there was any text", a(text), a({ ...text, enum: ["x"] }), ["/a enum_narrowed"]],
  ["no list of values any more", a({ ...text, enum: ["x"] }), a(text), []],
  ["another const", a({ const: 1 }), a({ const: 2 }), ["/a constraint_changed"]],
  ["a new format", a(text), a({ ...text, format: "email" }), ["/a constraint_changed"]],
  [
    "another format",
    a({ ...text, format: "date" }),
    a({ ...text, format: "date-time" }),
    ["/a constraint_changed"],
  ],
  ["no format any more", a({ ...text, format: "date" }), a(text), []],
  [
    "another pattern",
    a({ ...text, pattern: "^a" }),
    a({ ...text, pattern: "^b" }),
    ["/a constraint_changed"],
  ],
  [
    "items that must differ",
    a({ type: "array" }),
    a({ type: "array", uniqueItems: true }),
    ["/a constraint_changed"],
  ],
  [
    "a higher lower limit",
    a({ type: "integer", minimum: 1 }),
    a({ type: "integer", minimum: 2 }),
    ["/a limit_narrowed"],
  ],
  ["a lower lower limit", a({ type: "integer", minimum: 1 }), a({ type: "integer", minimum: 0 }), []],
  ["a new upper limit", a(text), a({ ...text, maxLength: 9 }), ["/a limit_narrowed"]],
  ["a higher upper limit", a({ ...text, maxLength: 9 }), a({ ...text, maxLength: 10 }), []],
  ["a closed object", { type: "object" }, { type: "object", additionalProperties: false }, [" closed"]],
  ["an object that is open now", a(text), { ...a(text), additionalProperties: true }, []],
  [
    "what further members may be",
    object({}, { additionalProperties: { type: "string" } }),
    object({}, { additionalProperties: { type: "integer" } }),
    ["/* type_changed"],
  ],
  [
    "the items of a list",
    a({ type: "array", items: a(text) }),
    a({ type: "array", items: a({ type: "integer" }) }),
    ["/a/*/a type_changed"],
  ],
  [
    "items that are described now",
    a({ type: "array" }),
    a({ type: "array", items: text }),
    ["/a limit_narrowed"],
  ],
  [
    "a nested object",
    a(object({ b: text })),
    a(object({ b: text }, { required: ["b"] })),
    ["/a/b required_added"],
  ],
  ["a definition that is used", tree(text), tree({ type: "integer" }), ["/root/value type_changed"]],
  [
    "a definition that moves",
    tree(text),
    JSON.parse(JSON.stringify(tree(text)).replaceAll("node", "knot")),
    [],
  ],
  ["alternatives", a({ anyOf: [text] }), a({ anyOf: [{ type: "integer" }] }), ["/a not_comparable"]],
  ["a condition", a(text), a(text, { if: {}, else: {} }), [" not_comparable", " not_comparable"]],
  ["a member with a slash in its name", object({ "x/y": text }), object({}), ["/x~1y member_removed"]],
  [
    "a member with the name of a prototype's",
    JSON.parse('{"properties":{"__proto__":{"type":"string"}}}'),
    JSON.parse('{"properties":{}}'),
    ["/__proto__ member_removed"],
  ],
  [
    "a part more that everything has to fit",
    a({ allOf: [text] }),
    a({ allOf: [text, { minLength: 2 }] }),
    ["/a limit_narrowed"],
  ],
  [
    "the order of such parts",
    a({ allOf: [text, { minLength: 2 }] }),
    a({ allOf: [{ minLength: 2 }, text] }),
    [],
  ],
  [
    "keywords that become such a part",
    a({ ...text, minLength: 2 }),
    a({ allOf: [{ ...text, minLength: 2 }] }),
    [],
  ],
  [
    "an alternative that allows more",
    a({ anyOf: [{ ...text, maxLength: 2 }] }),
    a({ anyOf: [{ ...text, maxLength: 3 }] }),
    [],
  ],
  [
    "one of several that allows more",
    a({ oneOf: [{ ...text, maxLength: 2 }] }),
    a({ oneOf: [text] }),
    ["/a not_comparable"],
  ],
  [
    "a pattern of members that was refused before",
    a(text),
    a(text, { patternProperties: { "^x-": text } }),
    [],
  ],
  [
    "a pattern that fits a member too",
    a(text),
    a(text, { patternProperties: { "^a": { maxLength: 1 } } }),
    ["/* not_comparable"],
  ],
  [
    "a member that a pattern described otherwise",
    object({}, { patternProperties: { "^x-": text } }),
    object({ "x-a": { type: "integer" } }, { patternProperties: { "^x-": text } }),
    ["/x-a type_changed"],
  ],
  ["null by `nullable`", a({ ...text, nullable: true }), a({ type: ["string", "null"] }), []],
  ["null no more", a({ ...text, nullable: true }), a(text), ["/a type_changed"]],
  ["one value that becomes one of two", a({ const: 1 }), a({ enum: [1, 2] }), []],
  [
    "how many of a list's items have to fit",
    a({ contains: text, minContains: 0 }),
    a({ contains: text }),
    ["/a limit_narrowed"],
  ],
  [
    "a further item of a list",
    a({ prefixItems: [text] }),
    a({ prefixItems: [text, { type: "integer" }] }),
    ["/a limit_narrowed"],
  ],
  [
    "what is required with another member",
    a(text, { dependentRequired: { a: [] } }),
    a(text, { dependentRequired: { a: ["b"] } }),
    [" not_comparable"],
  ],
  [
    "a part that another id leads to",
    { $ref: "leaf", $defs: { x: { $id: "leaf", ...text } } },
    { $ref: "leaf", $defs: { x: { $id: "leaf", type: "integer" } } },
    [" type_changed"],
  ],
  [
    "a part that is named dynamically",
    { items: { $dynamicRef: "#leaf" }, $defs: { x: { $dynamicAnchor: "leaf", ...text } } },
    { items: { $dynamicRef: "#leaf" }, $defs: { x: { $dynamicAnchor: "leaf", type: "integer" } } },
    ["/* not_comparable"],
  ],
  ["anything that becomes nothing", a(true), a(false), ["/a not_comparable"]],
];

describe("comparing versions of a schema", () => {
  for (const [title, before, after, broken] of CASES) {
    it(`${broken.length > 0 ? "tells" : "lets pass"} ${title}`, () => {
      const found = compareSchemas(before, after).map(({ path, rule }) => `${path} ${rule}`);
      assert.deepEqual(found.sort(), [...broken].sort());
    });
  }

  for (const [keyword, [keywords, broken]] of Object.entries(BEHIND)) {
    for (const reference of ["#leaf", "#/$defs/leaf"]) {
      it(`tells what a definition breaks behind ${keyword}, by ${reference}`, () => {
        const [before, after] = [
          behind(keywords, reference, DEFINED[0]),
          behind(keywords, reference, DEFINED[1]),
        ];
        const found = compareSchemas(before, after).map(({ path, rule }) => `${path} ${rule}`);
        assert.deepEqual(found, [broken]);
        assert.deepEqual(compareSchemas(before, before), []);
      });
    }
  }
});
