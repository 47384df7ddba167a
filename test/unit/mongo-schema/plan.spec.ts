import assert from "node:assert/strict";
import type { IndexDeclaration } from "../../../mixins/mongo-schema/declaration";
import { type ActualIndex, plan } from "../../../mixins/mongo-schema/plan";

const ID: ActualIndex = { v: 2, name: "_id_", key: { _id: 1 } };
const summary = (declared: IndexDeclaration[], actual: ActualIndex[]) =>
  plan({ collection: "c", indexes: declared }, { options: {}, indexes: [ID, ...actual] }).indexes.map(
    ({ name, state, difference }) => (difference ? [name, state, Object.keys(difference)] : [name, state]),
  );

describe("plan of declared and actual indexes", () => {
  it("is missing, in sync or extra by name and key", () => {
    const actual = [
      { v: 2, name: "a_1", key: { a: 1 } },
      { v: 2, name: "c_1", key: { c: 1 } },
    ];
    assert.deepEqual(summary([{ key: { a: 1 } }, { key: { b: 1 } }], actual), [
      ["a_1", "in_sync"],
      ["b_1", "missing"],
      ["c_1", "extra"],
    ]);
  });

  it("reads MongoDB's own form of a text index", () => {
    const declared: IndexDeclaration = {
      name: "words",
      key: { tenant: 1, title: "text", note: "text" },
      weights: { title: 5 },
      language_override: "text_language",
    };
    const actual = {
      v: 2,
      name: "words",
      key: { tenant: 1, _fts: "text", _ftsx: 1 },
      weights: { note: 1, title: 5 },
      default_language: "english",
      language_override: "text_language",
      textIndexVersion: 3,
    };
    assert.deepEqual(summary([declared], [actual]), [["words", "in_sync"]]);
    assert.deepEqual(summary([{ ...declared, weights: { title: 2 } }], [actual]), [
      ["words", "changed", ["weights"]],
    ]);
  });

  it("compares of a collation what was declared, since MongoDB completes it", () => {
    const collation = { locale: "en", strength: 2, caseLevel: false, version: "57.1" };
    const actual = { v: 2, name: "a_1", key: { a: 1 }, collation };
    const declare = (strength: number) => [{ key: { a: 1 as const }, collation: { locale: "en", strength } }];
    assert.deepEqual(summary(declare(2), [actual]), [["a_1", "in_sync"]]);
    assert.deepEqual(summary(declare(1), [actual]), [["a_1", "changed", ["collation"]]]);
    assert.deepEqual(summary([{ key: { a: 1 } }], [actual]), [["a_1", "changed", ["collation"]]]);
  });

  it("is changed when an option, the key's order or a wanted name differs", () => {
    const ttl = { v: 2, name: "at_1", key: { at: 1 }, expireAfterSeconds: 60 };
    assert.deepEqual(summary([{ key: { at: 1 }, expireAfterSeconds: 0 }], [ttl]), [
      ["at_1", "changed", ["expireAfterSeconds"]],
    ]);
    const pair = { v: 2, name: "pair", key: { b: 1, a: 1 } };
    assert.deepEqual(summary([{ name: "pair", key: { a: 1, b: 1 } }], [pair]), [
      ["pair", "changed", ["key"]],
    ]);
    assert.deepEqual(summary([{ name: "mine", key: { b: 1, a: 1 } }], [pair]), [
      ["pair", "changed", ["name"]],
    ]);
  });

  it("accepts another name for an index whose name was not chosen", () => {
    assert.deepEqual(summary([{ key: { a: 1 } }], [{ v: 2, name: "by_hand", key: { a: 1 } }]), [
      ["by_hand", "in_sync"],
    ]);
  });

  const OPTIONS = { v: 2, name: "i" };
  const actions: [
    what: string,
    declared: IndexDeclaration,
    actual: ActualIndex,
    state: string,
    action: object,
  ][] = [
    [
      "an index that is being built is waited for",
      { name: "i", key: { a: 1 } },
      { ...OPTIONS, key: { a: 1 }, building: true },
      "building",
      { kind: "wait" },
    ],
    [
      "TTL seconds and hidden are set by one command",
      { name: "i", key: { a: 1 }, expireAfterSeconds: 9, hidden: true },
      { ...OPTIONS, key: { a: 1 }, expireAfterSeconds: 5 },
      "changed",
      { kind: "modify", set: { expireAfterSeconds: 9, hidden: true } },
    ],
    [
      "a plain index is made unique, with what else can be set",
      { name: "i", key: { a: 1 }, unique: true, hidden: true },
      { ...OPTIONS, key: { a: 1 } },
      "changed",
      { kind: "make_unique", set: { hidden: true } },
    ],
    [
      "a conversion that was interrupted goes on",
      { name: "i", key: { a: 1 }, unique: true },
      { ...OPTIONS, key: { a: 1 }, prepareUnique: true },
      "changed",
      { kind: "make_unique", set: {} },
    ],
    [
      "one that is wanted no more is taken back",
      { name: "i", key: { a: 1 } },
      { ...OPTIONS, key: { a: 1 }, prepareUnique: true },
      "changed",
      { kind: "modify", set: { prepareUnique: false } },
    ],
    [
      "a unique index cannot be made a plain one in place",
      { name: "i", key: { a: 1 } },
      { ...OPTIONS, key: { a: 1 }, unique: true },
      "changed",
      { kind: "rebuild", how: "bridged" },
    ],
    [
      "a text index has nothing beside it",
      { name: "i", key: { a: "text" }, weights: { a: 2 } },
      {
        ...OPTIONS,
        key: { _fts: "text", _ftsx: 1 },
        weights: { a: 1 },
        default_language: "english",
        language_override: "language",
      },
      "changed",
      { kind: "rebuild", how: "drop_first" },
    ],
    [
      "an option that is written out with its default is none",
      { name: "i", key: { a: 1 }, unique: false, sparse: false, hidden: false },
      { ...OPTIONS, key: { a: 1 }, sparse: false, background: true },
      "in_sync",
      { kind: "none" },
    ],
  ];
  for (const [what, declared, actual, state, action] of actions) {
    it(what, () => {
      const [index] = plan(
        { collection: "c", indexes: [declared] },
        { options: {}, indexes: [ID, actual] },
      ).indexes;
      assert.equal(index?.state, state);
      assert.deepEqual(index?.action, action);
    });
  }

  const collections: [
    what: string,
    declared: object,
    actual: object | undefined,
    state: string,
    action: object,
  ][] = [
    ["a collection that is not there is created", {}, undefined, "missing", { kind: "create" }],
    [
      "defaults of a validator are no difference",
      { validationLevel: "strict" },
      {},
      "in_sync",
      { kind: "none" },
    ],
    [
      "a validator is set in place",
      { validator: { a: 1 } },
      {},
      "changed",
      { kind: "modify", set: { validator: { a: 1 } } },
    ],
    [
      "one that nobody declares any more is taken away",
      {},
      { validator: { a: 1 } },
      "changed",
      { kind: "modify", set: { validator: {} } },
    ],
    [
      "a capped size is rounded as MongoDB does",
      { capped: true, size: 1000 },
      { capped: true, size: 1024 },
      "in_sync",
      { kind: "none" },
    ],
    [
      "a collection cannot become a capped one",
      { capped: true, size: 1000 },
      {},
      "changed",
      { kind: "recreate" },
    ],
  ];
  for (const [what, options, actual, state, action] of collections) {
    it(what, () => {
      const there = actual && { options: actual as Record<string, unknown>, indexes: [ID] };
      const found = plan({ collection: "c", options }, there);
      assert.equal(found.state, state);
      assert.deepEqual(found.action, action);
    });
  }
});
