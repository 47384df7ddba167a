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
