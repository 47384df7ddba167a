import assert from "node:assert/strict";
import { Double, Int32, Long, ObjectId } from "mongodb";
import { bridgeFor } from "../../../mixins/mongo-schema/bridge";
import { completeCollation } from "../../../mixins/mongo-schema/collation";
import type { IndexDeclaration } from "../../../mixins/mongo-schema/declaration";
import { driftOf } from "../../../mixins/mongo-schema/describe";
import { mongoJsonSchema } from "../../../mixins/mongo-schema/json-schema";
import { plan } from "../../../mixins/mongo-schema/plan";
import { sameValue } from "../../../mixins/mongo-schema/same-value";

describe("values as MongoDB compares them", () => {
  const id = "5f0000000000000000000001";
  const equal: [unknown, unknown][] = [
    [1, new Int32(1)],
    [1, new Double(1)],
    [1, Long.fromNumber(1)],
    [
      { a: 1, b: [1, 2] },
      { b: [1, 2], a: 1 },
    ],
    [{ a: 1, b: undefined }, { a: 1 }],
    [new Date(5), new Date(5)],
    [new ObjectId(id), new ObjectId(id)],
    [null, null],
  ];
  const different: [unknown, unknown][] = [
    [1, "1"],
    [1, true],
    [
      [1, 2],
      [2, 1],
    ],
    [new Date(5), new Date(6)],
    [null, undefined],
    [{ a: 1 }, { a: 1, b: null }],
  ];
  it("are the same", () => {
    for (const [a, b] of equal) assert.ok(sameValue(a, b), `${JSON.stringify(a)} ${JSON.stringify(b)}`);
  });
  it("are not", () => {
    for (const [a, b] of different) assert.ok(!sameValue(a, b), `${JSON.stringify(a)} ${JSON.stringify(b)}`);
  });
});

describe("a collation", () => {
  it("is completed as MongoDB does, by language", () => {
    const of = (locale: string) => {
      const { caseFirst, alternate, normalization, backwards, strength } =
        completeCollation({ locale }) ?? {};
      return [caseFirst, alternate, normalization, backwards, strength];
    };
    assert.deepEqual(of("en_US"), ["off", "non-ignorable", false, false, 3]);
    assert.deepEqual(of("da"), ["upper", "non-ignorable", false, false, 3]);
    assert.deepEqual(of("th"), ["off", "shifted", true, false, 3]);
    assert.deepEqual(of("fr_CA"), ["off", "non-ignorable", false, true, 3]);
    assert.deepEqual(of("fr_CA@collation=search"), ["off", "non-ignorable", true, false, 3]);
  });
  it("that is simple is none", () => assert.equal(completeCollation({ locale: "simple" }), undefined));
});

describe("a JSON Schema for MongoDB", () => {
  const cases: [what: string, given: object, wanted: object][] = [
    ["leaves out annotations", { $schema: "x", title: "t", default: 1 }, { title: "t" }],
    [
      "takes every BSON number that is whole for an integer",
      { type: "integer" },
      { bsonType: ["int", "long", "double"], multipleOf: 1 },
    ],
    [
      "writes a constant as an enum",
      { properties: { a: { const: 5 } } },
      { properties: { a: { enum: [5] } } },
    ],
    ["writes exclusive limits as draft 4", { exclusiveMinimum: 0 }, { minimum: 0, exclusiveMinimum: true }],
    [
      "allows _id in a closed one",
      { additionalProperties: false },
      { additionalProperties: false, properties: { _id: {} } },
    ],
    ["reaches into lists", { anyOf: [{ items: { const: 1 } }] }, { anyOf: [{ items: { enum: [1] } }] }],
  ];
  for (const [what, given, wanted] of cases) {
    it(what, () => assert.deepEqual(mongoJsonSchema(given as Record<string, unknown>), wanted));
  }
  it("names what MongoDB has nothing for", () => {
    const schema = { properties: { mail: { format: "email" } } };
    assert.throws(
      () => mongoJsonSchema(schema),
      /MongoDB has nothing for `format` at \/properties\/mail\/format/,
    );
  });
});

describe("the index that serves while another one is built anew", () => {
  const cases: [IndexDeclaration, object | undefined][] = [
    [
      { name: "i", key: { a: 1, b: -1 }, unique: true },
      { key: { a: 2, b: -2 }, unique: true },
    ],
    [{ name: "i", key: { at: 1 }, expireAfterSeconds: 5 }, { key: { at: 2 } }],
    [{ name: "i", key: { a: "hashed" } }, { key: { a: 2 } }],
    [{ name: "i", key: { p: "2dsphere" } }, { key: { p: "2dsphere", _id: 1 } }],
    [
      { name: "i", key: { "$**": 1 }, wildcardProjection: { a: 1 } },
      { key: { "$**": 2 }, wildcardProjection: { a: 1 } },
    ],
    [{ name: "i", key: { t: "text" } }, undefined],
  ];
  for (const [index, wanted] of cases) {
    it(`of ${JSON.stringify(index)}`, () => {
      assert.deepEqual(bridgeFor(index), wanted && { name: "rebuild_of_i", ...wanted });
    });
  }
});

describe("drift", () => {
  const collection = { collection: "c", keep: ["kept"], indexes: [{ key: { a: 1 as const } }] };
  const index = (name: string, more = {}) => ({ v: 2, name, key: { [name]: 1 }, ...more });
  const there = (...indexes: ReturnType<typeof index>[]) => ({ options: {}, indexes });
  const a = { v: 2, name: "a_1", key: { a: 1 } };
  it("is what is missing, changed, being built or declared by nobody", () => {
    assert.equal(driftOf(plan(collection, undefined)), 2);
    assert.equal(driftOf(plan(collection, there())), 1);
    assert.equal(driftOf(plan(collection, there({ ...a, ...{ unique: true } }))), 1);
    assert.equal(driftOf(plan(collection, there({ ...a, ...{ building: true } }))), 1);
    assert.equal(driftOf(plan(collection, there(a, index("extra")))), 1);
  });
  it("is not what is kept, or hidden to be dropped", () => {
    assert.equal(driftOf(plan(collection, there(a, index("kept"), index("old", { hidden: true })))), 0);
  });
});
