import assert from "node:assert/strict";
import type { Collection, Db } from "mongodb";
import type { CollectionDeclaration, IndexDeclaration } from "../../mixins/mongo-schema/declaration";
import { changesOf, exclusively, type SchemaChange } from "../../mixins/mongo-schema/lease";
import { createSpace, type Space, uniqueName } from "../support";
import { commandsDuring, type SchemaTarget, schemaTarget, statesOf } from "../support/schema-target";

const DAY_MS = 86_400_000;

describe("changes of what a service declares", () => {
  let space: Space;
  let db: Db;
  let name: string;
  let documents: Collection<{ _id: number } & Record<string, unknown>>;

  const declare = (indexes: IndexDeclaration[], more: Partial<CollectionDeclaration> = {}): SchemaTarget =>
    schemaTarget(db, { collection: name, indexes, ...more });
  const names = async () => (await documents.indexes()).map((index: { name: string }) => index.name).sort();

  before(async () => {
    space = await createSpace();
    db = space.db;
  });
  beforeEach(() => {
    name = uniqueName("c");
    documents = db.collection(name);
  });
  after(() => space.close());

  describe("a plain index that becomes unique", () => {
    const unique: IndexDeclaration = { key: { order: 1 }, unique: true };
    beforeEach(async () => {
      await declare([{ key: { order: 1 } }]).ensure();
    });

    it("is unique at once where there are no duplicates", async () => {
      await documents.insertMany([
        { _id: 1, order: 1 },
        { _id: 2, order: 2 },
      ]);
      assert.deepEqual(statesOf(await declare([unique]).ensure({ policy: "apply" })), { order_1: "in_sync" });
      await assert.rejects(documents.insertOne({ _id: 3, order: 2 }), { code: 11000 });
    });

    it("stays as it is where there are some: they are told with examples, and the start goes on", async () => {
      await documents.insertMany([1, 2, 3, 4, 5].map((_id) => ({ _id, order: _id < 4 ? 7 : 8 })));
      const target = declare([unique]);
      assert.deepEqual(statesOf(await target.ensure({ policy: "apply" })), { order_1: "changed" });
      const line = target.log.find((text) => text.startsWith("error")) ?? "";
      assert.match(
        line,
        /Index "order_1".*because of duplicates: \{"order":7\} in the documents 1, 2, 3; \{"order":8\} in the documents 4, 5/,
      );
      // Nothing is left of the attempt: duplicates can be written as before.
      await documents.insertOne({ _id: 6, order: 7 });
      await documents.deleteMany({ _id: { $in: [2, 3, 5, 6] } });
      assert.deepEqual(statesOf(await target.ensure({ policy: "apply" })), { order_1: "in_sync" });
    });

    it("goes on where a process died half-way", async () => {
      await db.command({ collMod: name, index: { name: "order_1", prepareUnique: true } });
      const target = declare([unique]);
      assert.deepEqual(statesOf(await target.plan()), { order_1: "changed" });
      assert.deepEqual(statesOf(await target.ensure({ policy: "apply" })), { order_1: "in_sync" });
      const back = declare([{ key: { order: 1 } }]);
      await db.command({ dropIndexes: name, index: "order_1" });
      await back.ensure();
      await db.command({ collMod: name, index: { name: "order_1", prepareUnique: true } });
      assert.deepEqual(Object.keys((await back.plan()).indexes[0]?.difference ?? {}), ["prepareUnique"]);
      assert.deepEqual(statesOf(await back.ensure({ policy: "apply" })), { order_1: "in_sync" });
    });
  });

  describe("policies", () => {
    beforeEach(async () => {
      await declare([{ key: { at: 1 }, expireAfterSeconds: 60 }]).ensure();
    });
    const changed: IndexDeclaration[] = [{ key: { at: 1 }, expireAfterSeconds: 90 }, { key: { new: 1 } }];

    it("`warn` creates what is missing and writes nothing else, so that two versions do not fight", async () => {
      await declare(changed).ensure();
      const target = declare(changed);
      const commands = await commandsDuring(db, () => target.ensure({ policy: "warn" }));
      assert.deepEqual(
        commands.filter((command) => !command.startsWith("list")),
        [],
      );
      assert.deepEqual(statesOf(await target.plan()), { at_1: "changed", new_1: "in_sync" });
    });

    it("`fail` stops, saying what differs and what to do", async () => {
      await assert.rejects(
        declare(changed).ensure({ policy: "fail" }),
        (error: Error & { type?: string }) => {
          assert.equal(error.type, "WEIR_INDEX_CHANGED");
          assert.match(
            error.message,
            /Service "orders": Index "at_1" .*expireAfterSeconds is 60, declared 90/,
          );
          assert.match(error.message, /npm run indexes -- --apply --service orders/);
          return true;
        },
      );
    });

    it("`apply` changes in place", async () => {
      const target = declare(changed);
      assert.deepEqual(statesOf(await target.ensure({ policy: "apply" })), {
        at_1: "in_sync",
        new_1: "in_sync",
      });
      assert.ok(target.log.includes(`info: Index "at_1" of "${name}": expireAfterSeconds is 90 now.`));
    });
  });

  describe("rebuild", () => {
    it("leaves no query without an index at any moment", async () => {
      await declare([{ name: "by_a", key: { a: 1 } }]).ensure();
      await documents.insertMany(Array.from({ length: 20_000 }, (_, _id) => ({ _id, a: _id % 500 })));
      let done = false;
      const stages = new Set<string>();
      const looking = (async () => {
        while (!done) {
          const explained = await documents.find({ a: 7 }).sort({ a: 1 }).explain();
          stages.add(JSON.stringify(explained).includes("IXSCAN") ? "IXSCAN" : "COLLSCAN");
        }
      })();
      const target = declare([{ name: "by_a", key: { a: 1, b: 1 }, sparse: false }]);
      const healed = await target.ensure({ policy: "apply", rebuild: true });
      done = true;
      await looking;
      assert.deepEqual(statesOf(healed), { by_a: "in_sync" });
      assert.deepEqual([...stages], ["IXSCAN"]);
    });

    it("keeps a unique index enforced while it is renamed", async () => {
      await declare([{ name: "old", key: { a: 1 }, unique: true }]).ensure();
      await documents.insertOne({ _id: 0, a: 1 });
      let done = false;
      let refused = 0;
      const writing = (async () => {
        for (let _id = 1; !done; _id++) {
          await assert.rejects(documents.insertOne({ _id, a: 1 }), { code: 11000 });
          refused++;
        }
      })();
      await declare([{ name: "new", key: { a: 1 }, unique: true }]).ensure({
        policy: "apply",
        rebuild: true,
      });
      done = true;
      await writing;
      assert.ok(refused > 0);
      assert.deepEqual(await names(), ["_id_", "new"]);
    });

    it("swaps the names of two indexes", async () => {
      await declare([
        { name: "x", key: { a: 1 } },
        { name: "y", key: { b: 1 } },
      ]).ensure();
      const swapped = declare([
        { name: "x", key: { b: 1 } },
        { name: "y", key: { a: 1 } },
      ]);
      const healed = await swapped.ensure({ policy: "apply", rebuild: true });
      assert.deepEqual(statesOf(healed), { x: "in_sync", y: "in_sync" });
      assert.deepEqual(await names(), ["_id_", "x", "y"]);
    });

    it("changes options under the same name, where creating before dropping would crash", async () => {
      await declare([{ name: "i", key: { a: 1 }, unique: true }]).ensure();
      const partial = declare([
        { name: "i", key: { a: 1 }, unique: true, partialFilterExpression: { open: true } },
      ]);
      assert.deepEqual(statesOf(await partial.ensure({ policy: "apply", rebuild: true })), { i: "in_sync" });
    });

    it("drops nothing when the new definition cannot be built", async () => {
      await declare([{ name: "i", key: { a: 1 } }]).ensure();
      await documents.insertMany([
        { _id: 1, b: 1 },
        { _id: 2, b: 1 },
      ]);
      const target = declare([{ name: "i", key: { b: 1 }, unique: true }]);
      assert.deepEqual(statesOf(await target.ensure({ policy: "apply", rebuild: true })), { i: "changed" });
      const line = target.log.find((text) => text.startsWith("error")) ?? "";
      assert.match(line, /"i", which is unique, because of duplicates: \{"b":1\} in the documents 1, 2/);
      assert.deepEqual(await names(), ["_id_", "i"]);
    });

    it("does not drop an index of somebody else that has the wanted name; all others are created", async () => {
      await documents.createIndex({ b: 1 }, { name: "mine" });
      await documents.createIndex({ a: 1 }, { name: "old" });
      const target = declare([{ name: "mine", key: { a: 1 } }, { key: { c: 1 } }, { key: { d: 1 } }]);
      const states = { old: "changed", c_1: "in_sync", d_1: "in_sync", mine: "extra" };
      assert.deepEqual(statesOf(await target.ensure()), states);
      assert.deepEqual(statesOf(await target.ensure({ policy: "apply", rebuild: true })), states);
      assert.match(target.log.at(-1) ?? "", /"mine" of .* cannot be built: "mine", which nobody declares/);
      await documents.dropIndex("mine");
      const healed = await target.ensure({ policy: "apply", rebuild: true });
      assert.deepEqual(statesOf(healed), { mine: "in_sync", c_1: "in_sync", d_1: "in_sync" });
    });
  });

  describe("prune", () => {
    it("hides first, with what was counted before; drops at a later time; leaves alone what is to be kept", async () => {
      await documents.insertMany([{ _id: 1, a: 1 }]);
      await documents.createIndex({ a: 1 });
      await documents.createIndex({ b: 1 }, { unique: true, sparse: true });
      await documents.createIndex({ at: 1 }, { expireAfterSeconds: 5 });
      await documents.createIndex({ dba: 1 });
      for (let n = 0; n < 3; n++) await documents.findOne({ a: 1 });
      const target = declare([{ key: { declared: 1 } }], { keep: ["dba_1"] });
      await target.ensure({ policy: "apply" });
      assert.equal((await names()).length, 6, "no index is dropped without being asked");

      await target.ensure({ policy: "apply", pruneAfterDays: 7 });
      const hidden = (await documents.indexes()).filter((index: { hidden?: boolean }) => index.hidden);
      assert.deepEqual(hidden.map((index: { name: string }) => index.name).sort(), ["a_1", "at_1", "b_1"]);
      const changes = (await changesOf(db).findOne({ _id: name })) as SchemaChange;
      assert.equal(changes.hidden?.find((entry) => entry.name === "a_1")?.usage?.uses, 3);
      const told = (index: string) => target.log.find((line) => line.includes(`Index "${index}"`)) ?? "";
      assert.match(told("a_1"), /used 3 times since .* dropped after 7 days\.$/);
      assert.match(told("b_1"), /Until then it goes on refusing duplicates\.$/);
      assert.match(told("at_1"), /Until then it goes on removing documents\.$/);

      await target.ensure({ policy: "apply", pruneAfterDays: 7 });
      assert.equal((await names()).length, 6, "not before its time");
      const backdated = changes.hidden?.map((entry) => ({ ...entry, at: new Date(Date.now() - 8 * DAY_MS) }));
      await changesOf(db).updateOne({ _id: name }, { $set: { hidden: backdated } });
      await target.ensure({ policy: "apply", pruneAfterDays: 7 });
      assert.deepEqual(await names(), ["_id_", "dba_1", "declared_1"]);
      assert.deepEqual(((await changesOf(db).findOne({ _id: name })) as SchemaChange).hidden, []);
    });

    it("counts anew when somebody has shown the index again meanwhile", async () => {
      await documents.createIndex({ a: 1 });
      const target = declare([{ key: { declared: 1 } }]);
      await target.ensure({ policy: "apply", pruneAfterDays: 0 });
      await db.command({ collMod: name, index: { name: "a_1", hidden: false } });
      await target.ensure({ policy: "apply", pruneAfterDays: 0 });
      assert.ok((await names()).includes("a_1"));
      await target.ensure({ policy: "apply", pruneAfterDays: 0 });
      assert.deepEqual(await names(), ["_id_", "declared_1"]);
    });
  });

  describe("the lease", () => {
    it("leaves a rebuild to the process that is at it, and takes over from one that died", async () => {
      await declare([{ name: "i", key: { a: 1 } }]).ensure();
      const target = declare([{ name: "i", key: { b: 1 } }]);
      const apply = () => target.ensure({ policy: "apply", rebuild: true });
      await exclusively(db, name, async () => {
        assert.deepEqual(statesOf(await apply()), { i: "changed" });
        assert.match(target.log.at(-1) ?? "", /Another process is changing indexes/);
      });
      await changesOf(db).updateOne(
        { _id: name },
        { $set: { owner: "dead", until: new Date(Date.now() + 60_000) } },
      );
      assert.deepEqual(statesOf(await apply()), { i: "changed" });
      await changesOf(db).updateOne({ _id: name }, { $set: { until: new Date(Date.now() - 1) } });
      assert.deepEqual(statesOf(await apply()), { i: "in_sync" });
    });

    it("goes to one of many that want it at the same time", async () => {
      let inside = 0;
      let most = 0;
      const done = await Promise.all(
        Array.from({ length: 20 }, () =>
          exclusively(db, name, async () => {
            most = Math.max(most, ++inside);
            await documents.countDocuments({});
            inside--;
            return true;
          }),
        ),
      );
      assert.equal(most, 1);
      assert.ok(done.includes(true));
    });
  });

  describe("a collection's options", () => {
    const jsonSchema = (type: string) => ({
      type: "object",
      required: ["n"],
      properties: { n: { type }, at: { bsonType: "date" } },
      additionalProperties: false,
    });

    it("hold documents to a JSON Schema, and follow it with `apply`", async () => {
      await declare([], { jsonSchema: jsonSchema("integer") }).ensure();
      await documents.insertOne({ _id: 1, n: 1 });
      await assert.rejects(documents.insertOne({ _id: 2, n: "1" }), { code: 121 });
      const changed = declare([], { jsonSchema: jsonSchema("string") });
      const plan = await changed.ensure();
      assert.equal(plan.state, "changed");
      assert.deepEqual(Object.keys(plan.difference ?? {}), ["validator"]);
      assert.equal((await changed.ensure({ policy: "apply" })).state, "in_sync");
      await documents.insertOne({ _id: 2, n: "1" });
    });

    it("that no collection can change are told", async () => {
      await db.createCollection(name);
      const target = declare([], { options: { capped: true, size: 1000 }, policy: "warn" });
      const plan = await target.ensure({ policy: "apply" });
      assert.equal(plan.action.kind, "recreate");
    });

    it("give indexes the collection's collation", async () => {
      const options = { collation: { locale: "en", strength: 2 } };
      const indexes: IndexDeclaration[] = [
        { key: { a: 1 } },
        { name: "exact", key: { a: 1 }, collation: { locale: "simple" } },
      ];
      const target = declare(indexes, { options });
      assert.deepEqual(statesOf(await target.ensure()), { a_1: "in_sync", exact: "in_sync" });
      assert.equal((await target.plan()).state, "in_sync");
    });
  });

  it("a view where a collection is declared is told", async () => {
    await db.createCollection("base");
    await db.command({ create: name, viewOn: "base", pipeline: [] });
    await assert.rejects(declare([{ key: { a: 1 } }]).ensure(), /is a view.*declare the collection/);
  });
});
