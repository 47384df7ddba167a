import assert from "node:assert/strict";
import { checkDeclarations } from "../../../mixins/mongo-schema/check-declarations";
import type { CollectionDeclaration, IndexDeclaration } from "../../../mixins/mongo-schema/declaration";
import { WeirError } from "../../../schemas/errors";

const check = (...indexes: unknown[]) =>
  checkDeclarations("orders", [{ collection: "orders", indexes: indexes as IndexDeclaration[] }]);

describe("a collection's declaration", () => {
  it("is accepted with every option where it belongs", () => {
    check(
      { key: { a: 1 }, unique: true, partialFilterExpression: { open: true } },
      { key: { at: -1 }, expireAfterSeconds: 0, description: "kept for a while" },
      { key: { t: "text" }, weights: { t: 2 }, default_language: "none", language_override: "lang" },
      { key: { a: 1 }, name: "a_insensitive", collation: { locale: "en", strength: 2 } },
    );
  });

  const faults: [what: string, index: unknown[], message: RegExp][] = [
    ["an empty key", [{ key: {} }], /names no field/],
    ["a wrong direction", [{ key: { a: 2 } }], /index "a_2": field "a" has 2; use 1, -1/],
    [
      "a misspelt option",
      [{ key: { a: 1 }, uniqe: true }],
      /unknown option "uniqe"; known are key, name, unique/,
    ],
    ["a name given twice", [{ key: { a: 1 } }, { key: { b: 1 }, name: "a_1" }], /two indexes have this name/],
    ["a key given twice", [{ key: { a: 1 } }, { key: { a: 1 }, name: "b" }], /same key/],
    ["two text indexes", [{ key: { a: "text" } }, { key: { b: "text" } }], /"a_text" is a text index too/],
    ["the index on _id", [{ key: { _id: 1 } }], /by itself/],
    [
      "sparse and partial",
      [{ key: { a: 1 }, sparse: true, partialFilterExpression: {} }],
      /exclude each other/,
    ],
    ["a TTL on two fields", [{ key: { a: 1, b: 1 }, expireAfterSeconds: 1 }], /one field alone/],
    ["a TTL of half a second", [{ key: { a: 1 }, expireAfterSeconds: 0.5 }], /whole seconds/],
    ["a TTL on a hashed field", [{ key: { a: "hashed" }, expireAfterSeconds: 1 }], /one field alone/],
    ["a TTL of words", [{ key: { a: 1 }, expireAfterSeconds: "1h" }], /whole seconds/],
    [
      "too many indexes",
      Array.from({ length: 64 }, (_, n) => ({ key: { [`f${n}`]: 1 } })),
      /64 indexes.*allows 63/,
    ],
    ["a flag that is none", [{ key: { a: 1 }, unique: "yes" }], /`unique` is "yes"; use true or false/],
    ["a name that means all", [{ key: { a: 1 }, name: "*" }], /choose another/],
    ["a name of a rebuild's", [{ key: { a: 1 }, name: "rebuild_of_x" }], /choose another/],
    ["a path that is none", [{ key: { "a..b": 1 } }], /no path of a field/],
    ["an operator as a path", [{ key: { $a: 1 } }], /no path of a field/],
    ["a number among its fields", [{ key: { b: 1, 7: 1 } }], /"7" would stand first/],
    ["text and points together", [{ key: { a: "text", b: "2dsphere" } }], /do not go together/],
    ["two hashed fields", [{ key: { a: "hashed", b: "hashed" } }], /one hashed field/],
    ["text fields apart", [{ key: { a: "text", b: 1, c: "text" } }], /next to each other/],
    ["a wildcard among others", [{ key: { "a.$**": 1, b: 1 } }], /a wildcard index has one field/],
    ["a wildcard downwards", [{ key: { "$**": -1 } }], /with the direction 1/],
    ["a unique wildcard", [{ key: { "$**": 1 }, unique: true }], /cannot have `unique`/],
    ["a projection of no wildcard", [{ key: { a: 1 }, wildcardProjection: { a: 1 } }], /belongs to the key/],
    ["a unique hashed one", [{ key: { a: "hashed" }, unique: true }], /cannot be unique/],
    ["half a weight", [{ key: { a: "text" }, weights: { a: 1.5 } }], /whole number from 1 to 99999/],
    ["a collation without locale", [{ key: { a: 1 }, collation: { strength: 2 } }], /has no `locale`/],
    ["a collation of text", [{ key: { a: "text" }, collation: { locale: "en" } }], /know no collation/],
    ["weights without text", [{ key: { a: 1 }, weights: { a: 1 } }], /belong to text indexes/],
  ];
  for (const [what, indexes, message] of faults) {
    it(`is refused for ${what}, naming service and collection`, () => {
      assert.throws(
        () => check(...indexes),
        (error) => {
          assert.ok(error instanceof WeirError);
          assert.equal(error.type, "WEIR_INDEX_DECLARATION_INVALID");
          assert.match(error.message, /^Service "orders", collection "orders"/);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  const members: [what: string, member: object, message: RegExp][] = [
    ["a member that is none", { index: [] }, /unknown member "index"; known are collection/],
    ["a policy that is none", { policy: "hope" }, /use "warn", "fail" or "apply"/],
    ["a build that is none", { build: "later" }, /use "await" or "background"/],
    ["two validators", { jsonSchema: {}, options: { validator: {} } }, /two validators/],
    [
      "a schema that MongoDB cannot hold",
      { jsonSchema: { properties: { a: { $ref: "x" } } } },
      /nothing for `\$ref` at/,
    ],
    [
      "text in a collection with a collation",
      { options: { collation: { locale: "en" } }, indexes: [{ key: { a: "text" } }] },
      /write `collation: \{ locale: "simple" \}`/,
    ],
  ];
  for (const [what, member, message] of members) {
    it(`is refused for ${what}`, () => {
      const declaration = { collection: "orders", ...member } as CollectionDeclaration;
      assert.throws(() => checkDeclarations("orders", [declaration]), {
        type: "WEIR_INDEX_DECLARATION_INVALID",
        message,
      });
    });
  }

  it("is refused for a name that MongoDB does not allow, or given twice", () => {
    const declare = (...names: string[]) =>
      checkDeclarations(
        "s",
        names.map((collection): CollectionDeclaration => ({ collection })),
      );
    for (const names of [[""], ["a$b"], ["system.x"], ["a", "a"]]) {
      assert.throws(() => declare(...names), { type: "WEIR_INDEX_DECLARATION_INVALID" });
    }
  });
});
