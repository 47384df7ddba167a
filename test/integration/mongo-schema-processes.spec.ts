import assert from "node:assert/strict";
import type { CollectionDeclaration } from "../../mixins/mongo-schema/declaration";
import { createSpace, type Space } from "../support";
import { type SchemaProcess, startSchemaProcess } from "../support/schema-process";

const PROCESSES = 20;

const before_: CollectionDeclaration = {
  collection: "orders",
  indexes: [
    { key: { order_id: 1 } },
    { key: { at: 1 }, expireAfterSeconds: 60 },
    { name: "by_customer", key: { customer: 1 } },
    { name: "words", key: { title: "text" } },
  ],
};

/** Something of every kind of change. */
const after_: CollectionDeclaration = {
  collection: "orders",
  policy: "apply",
  rebuild: true,
  prune: true,
  jsonSchema: { type: "object", properties: { order_id: { type: "integer" } } },
  indexes: [
    { key: { order_id: 1 }, unique: true },
    { key: { at: 1 }, expireAfterSeconds: 3600, hidden: true },
    { name: "by_customer", key: { customer: 1, at: -1 } },
    { name: "words", key: { title: "text" }, weights: { title: 3 } },
    { key: { status: 1 }, partialFilterExpression: { open: true } },
  ],
};

describe(`${PROCESSES} processes that boot at the same time`, () => {
  let space: Space;
  let processes: SchemaProcess[] = [];

  before(async function () {
    this.timeout(120_000);
    space = await createSpace();
    processes = await Promise.all(Array.from({ length: PROCESSES }, startSchemaProcess));
  });
  after(async () => {
    await Promise.all(processes.map((process) => process.kill()));
    await space.close();
  });

  const bootAll = (declaration: CollectionDeclaration) => {
    const { url, database } = space.configuration.mongo;
    return Promise.all(processes.map((process) => process.boot({ url, database, declaration })));
  };
  const all = async () =>
    (await space.db.collection("orders").indexes()).map(({ name }: { name: string }) => name).sort();

  it("on an empty database end in the same state, without an error", async () => {
    for (const { states, error, log } of await bootAll(before_)) {
      assert.equal(error, undefined);
      assert.deepEqual(
        log.filter((line) => /^(warn|error)/.test(line)),
        [],
      );
      assert.deepEqual([...new Set(Object.values(states ?? {}))], ["in_sync"]);
    }
    assert.deepEqual(await all(), ["_id_", "at_1", "by_customer", "order_id_1", "words"]);
  });

  it("on an outdated one end in the same state too, without an error", async () => {
    await space.db.collection("orders").createIndex({ forgotten: 1 });
    const answers = await bootAll(after_);
    for (const { error, log } of answers) {
      assert.equal(error, undefined);
      assert.deepEqual(
        log.filter((line) => line.startsWith("error")),
        [],
      );
    }
    // Those that left the rebuild to another process see its end with the next look.
    for (const { states, error } of await bootAll(after_)) {
      assert.equal(error, undefined);
      const { forgotten_1, ...declared } = states ?? {};
      assert.deepEqual([...new Set(Object.values(declared))], ["in_sync"]);
      assert.equal(forgotten_1, "extra");
    }
    assert.deepEqual(await all(), [
      "_id_",
      "at_1",
      "by_customer",
      "forgotten_1",
      "order_id_1",
      "status_1",
      "words",
    ]);
  });
});
