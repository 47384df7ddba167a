import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { IndexDeclaration } from "../../mixins/mongo-schema/declaration";
import { createSpace, type Space, uniqueName } from "../support";
import { commandsDuring, schemaTarget, statesOf } from "../support/schema-target";

type Action = "modify" | "make_unique" | "bridged" | "drop_first";
interface Kind {
  kind: string;
  index: IndexDeclaration;
  /** A change of one option, the options that then differ, and what heals it. */
  changes: [change: Partial<IndexDeclaration>, differs: string, action: Action][];
}

const WITHOUT = undefined;

const KINDS: Kind[] = [
  {
    kind: "single",
    index: { name: "i", key: { a: 1 } },
    changes: [
      [{ unique: true }, "unique", "make_unique"],
      [{ hidden: true }, "hidden", "modify"],
      [{ expireAfterSeconds: 60 }, "expireAfterSeconds", "modify"],
      [{ sparse: true }, "sparse", "bridged"],
      [{ partialFilterExpression: { a: { $gt: 1 } } }, "partialFilterExpression", "bridged"],
      [{ collation: { locale: "en" } }, "collation", "bridged"],
      [{ key: { a: -1 } }, "key", "bridged"],
      [{ key: { b: 1 } }, "key", "bridged"],
      [{ name: "j" }, "name", "bridged"],
    ],
  },
  {
    kind: "compound",
    index: { name: "i", key: { a: 1, b: -1 } },
    changes: [
      [{ key: { b: -1, a: 1 } }, "key", "bridged"],
      [{ key: { a: 1, b: 1 } }, "key", "bridged"],
      [{ key: { a: 1, b: -1, c: 1 } }, "key", "bridged"],
      [{ unique: true }, "unique", "make_unique"],
    ],
  },
  {
    kind: "unique",
    index: { name: "i", key: { a: 1 }, unique: true },
    changes: [
      [{ unique: WITHOUT }, "unique", "bridged"],
      [{ name: "j" }, "name", "bridged"],
      [{ sparse: true }, "sparse", "bridged"],
      [{ hidden: true }, "hidden", "modify"],
    ],
  },
  {
    kind: "sparse",
    index: { name: "i", key: { a: 1 }, sparse: true },
    changes: [
      [{ sparse: WITHOUT }, "sparse", "bridged"],
      [{ unique: true }, "unique", "make_unique"],
    ],
  },
  {
    kind: "partial",
    index: { name: "i", key: { a: 1 }, partialFilterExpression: { open: true, at: { $gt: new Date(0) } } },
    changes: [
      [{ partialFilterExpression: WITHOUT }, "partialFilterExpression", "bridged"],
      [{ partialFilterExpression: { open: false } }, "partialFilterExpression", "bridged"],
      [
        { partialFilterExpression: { open: true, at: { $gt: new Date(1) } } },
        "partialFilterExpression",
        "bridged",
      ],
      [{ unique: true }, "unique", "make_unique"],
    ],
  },
  {
    kind: "TTL",
    index: { name: "i", key: { at: 1 }, expireAfterSeconds: 3600 },
    changes: [
      [{ expireAfterSeconds: 0 }, "expireAfterSeconds", "modify"],
      [{ expireAfterSeconds: 7200, hidden: true }, "expireAfterSeconds,hidden", "modify"],
      [{ expireAfterSeconds: WITHOUT }, "expireAfterSeconds", "bridged"],
      [{ name: "j" }, "name", "bridged"],
    ],
  },
  {
    kind: "text",
    index: {
      name: "i",
      key: { title: "text", note: "text" },
      weights: { title: 5 },
      default_language: "german",
      language_override: "lang",
    },
    changes: [
      [{ weights: { title: 4 } }, "weights", "drop_first"],
      [{ weights: WITHOUT }, "weights", "drop_first"],
      [{ default_language: "none" }, "default_language", "drop_first"],
      [{ language_override: WITHOUT }, "language_override", "drop_first"],
      [{ key: { title: "text" }, weights: { title: 5 } }, "weights", "drop_first"],
      [{ key: { tenant: 1, title: "text", note: "text" } }, "key", "drop_first"],
      [{ name: "j" }, "name", "drop_first"],
      [{ hidden: true }, "hidden", "modify"],
    ],
  },
  {
    kind: "text on everything",
    index: { name: "i", key: { "$**": "text" } },
    changes: [[{ weights: { title: 2 } }, "weights", "drop_first"]],
  },
  {
    kind: "hashed",
    index: { name: "i", key: { a: "hashed" } },
    changes: [
      [{ key: { a: 1 } }, "key", "bridged"],
      [{ name: "j" }, "name", "bridged"],
      [{ hidden: true }, "hidden", "modify"],
    ],
  },
  {
    kind: "2dsphere",
    index: { name: "i", key: { place: "2dsphere" } },
    changes: [
      [{ key: { place: "2dsphere", kind: 1 } }, "key", "bridged"],
      [{ name: "j" }, "name", "bridged"],
      [{ hidden: true }, "hidden", "modify"],
    ],
  },
  {
    kind: "wildcard",
    index: { name: "i", key: { "$**": 1 }, wildcardProjection: { a: 1, "b.c": 1 } },
    changes: [
      [{ wildcardProjection: { a: 1 } }, "wildcardProjection", "bridged"],
      [{ wildcardProjection: WITHOUT }, "wildcardProjection", "bridged"],
      [{ name: "j" }, "name", "bridged"],
      [{ key: { "a.$**": 1 }, wildcardProjection: WITHOUT }, "key,wildcardProjection", "bridged"],
    ],
  },
  {
    kind: "collation",
    index: { name: "i", key: { a: 1 }, collation: { locale: "en", strength: 2 } },
    changes: [
      [{ collation: { locale: "en" } }, "collation", "bridged"],
      [{ collation: { locale: "de", strength: 2 } }, "collation", "bridged"],
      [{ collation: { locale: "en", strength: 2, numericOrdering: true } }, "collation", "bridged"],
      [{ collation: WITHOUT }, "collation", "bridged"],
    ],
  },
  {
    kind: "hidden",
    index: { name: "i", key: { a: 1 }, hidden: true },
    changes: [[{ hidden: WITHOUT }, "hidden", "modify"]],
  },
];

describe("every kind of index", () => {
  let space: Space;
  before(async () => {
    space = await createSpace();
  });
  after(() => space.close());

  for (const { kind, index, changes } of KINDS) {
    it(`${kind}: is created; when it is there, nothing is written`, async () => {
      const target = schemaTarget(space.db, { collection: uniqueName("c"), indexes: [index] });
      const first = await commandsDuring(space.db, () => target.ensure());
      assert.equal(first.filter((command) => command === "createIndexes").length, 1);
      assert.deepEqual(statesOf(await target.plan()), { i: "in_sync" });
      const commands = await commandsDuring(space.db, () => target.ensure());
      assert.deepEqual(
        commands.filter((command) => command !== "listCollections"),
        ["listIndexes"],
      );
    });

    for (const [change, differs, action] of changes) {
      const told = inspect(change, { depth: 5, breakLength: Number.POSITIVE_INFINITY });
      it(`${kind}: ${told} is a difference in ${differs}, healed by ${action}`, async () => {
        const collection = uniqueName("c");
        await schemaTarget(space.db, { collection, indexes: [index] }).ensure();
        await space.db.collection(collection).insertMany([{ a: 1, b: 1 }, { a: 2 }]);
        const changed = schemaTarget(space.db, { collection, indexes: [{ ...index, ...change }] });

        const [state] = (await changed.ensure()).indexes;
        assert.equal(state?.state, "changed", "the policy `warn` leaves it");
        assert.equal(
          Object.keys(state.difference ?? {})
            .sort()
            .join(),
          differs,
        );
        assert.equal(state.action.kind === "rebuild" ? state.action.how : state.action.kind, action);

        const needsRebuild = state.action.kind === "rebuild";
        const afterApply = (await changed.ensure({ policy: "apply" })).indexes[0];
        assert.equal(afterApply?.state, needsRebuild ? "changed" : "in_sync");
        const healed = await changed.ensure({ policy: "apply", rebuild: true });
        assert.deepEqual(statesOf(healed), { [change.name ?? "i"]: "in_sync" });
      });
    }
  }
});
