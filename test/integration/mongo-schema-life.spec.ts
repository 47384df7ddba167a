import assert from "node:assert/strict";
import type { ServiceBroker } from "moleculer";
import { MongoClient } from "mongodb";
import { bridgeFor, bridgeName } from "../../mixins/mongo-schema/bridge";
import type { CollectionDeclaration, IndexDeclaration } from "../../mixins/mongo-schema/declaration";
import { type CollectionIndexes, mongoSchema } from "../../mixins/mongo-schema.mixin";
import { standaloneBroker } from "../examples/standalone-orders";
import { type ConfigurationChanges, createSpace, type Space, waitFor } from "../support";
import { createBroker } from "../support/broker";
import { schemaTarget, statesOf } from "../support/schema-target";

const service = (name: string, ...declarations: [CollectionDeclaration, ...CollectionDeclaration[]]) => ({
  name,
  mixins: [mongoSchema(...declarations)],
});

describe("a service's collections while it lives", () => {
  let space: Space;
  let brokers: ServiceBroker[] = [];

  const start = async (services: object[], changes: ConfigurationChanges = {}) => {
    const { broker, log } = createBroker(space.configurationWith(changes), services);
    brokers.push(broker);
    await broker.start();
    return { broker, log };
  };
  const states = async (broker: ServiceBroker, name = "orders") => {
    const plans = await broker.call<CollectionIndexes[]>(`${name}.indexes`);
    return Object.assign({}, ...plans.map(statesOf));
  };

  beforeEach(async () => {
    space = await createSpace();
    brokers = [];
  });
  afterEach(async () => {
    await Promise.all(brokers.map((broker) => broker.stop()));
    await space.close();
  });

  describe("a collection that is dropped", () => {
    const declaration: CollectionDeclaration = {
      collection: "orders",
      jsonSchema: { type: "object", required: ["n"] },
      indexes: [
        { key: { n: 1 }, unique: true },
        { key: { at: 1 }, expireAfterSeconds: 60 },
      ],
    };
    const orders = () => space.db.collection<Record<string, unknown>>("orders");
    const inSync = { n_1: "in_sync", at_1: "in_sync" };

    for (const [what, drop] of [
      ["dropped", () => orders().drop()],
      ["dropped with its database", () => space.db.dropDatabase()],
      ["renamed away", () => orders().rename("orders_old")],
      [
        "dropped, and made again by the next write",
        () =>
          orders()
            .drop()
            .then(() => orders().insertOne({ n: 1 })),
      ],
    ] as const) {
      it(`${what}: has its indexes and its validator again, and that is told`, async () => {
        const { broker, log } = await start([service("orders", declaration)]);
        await drop();
        await waitFor(
          () => log.some((line) => line.startsWith("error") && line.includes("has its indexes again")),
          {
            what: "the log to tell that the collection was healed",
          },
        );
        assert.match(
          log.find((line) => line.startsWith("error")) ?? "",
          /Collection "orders" was (dropped|replaced) while it is in use/,
        );
        assert.deepEqual(await states(broker), inSync);
        await assert.rejects(orders().insertOne({ other: 1 }), { code: 121 });
      });
    }
  });

  describe("two services that claim one collection", () => {
    const declare = (...indexes: IndexDeclaration[]): CollectionDeclaration => ({
      collection: "shared",
      indexes,
    });

    it("and contradict each other are refused before anything starts", async () => {
      const one = service("one", declare({ key: { a: 1 }, unique: true }));
      for (const other of [
        declare({ key: { a: 1 } }),
        declare({ name: "b", key: { a: 1 }, unique: true }),
        declare({ name: "a_1", key: { b: 1 } }),
      ]) {
        await assert.rejects(start([one, service("two", other)]), (error: Error & { type?: string }) => {
          assert.equal(error.type, "WEIR_INDEX_DECLARATION_INVALID");
          assert.match(
            error.message,
            /Service "two", collection "shared", index .*service "one" declares "a_1".*A collection has one owner/,
          );
          return true;
        });
      }
    });

    it("and agree do not take each other's indexes for extra ones", async () => {
      const { broker } = await start([
        service("one", declare({ key: { a: 1 } })),
        service("two", declare({ key: { b: 1 } })),
      ]);
      assert.deepEqual(await states(broker, "one"), { a_1: "in_sync", b_1: "in_sync" });
    });
  });

  it("the gateway's policy holds, unless the declaration has its own", async () => {
    const ttl = (seconds: number, more = {}): CollectionDeclaration => ({
      collection: "orders",
      indexes: [{ key: { at: 1 }, expireAfterSeconds: seconds }],
      ...more,
    });
    await start([service("orders", ttl(60))]);
    const mongo = (indexPolicy: "fail" | "apply") => ({ mongo: { indexPolicy } });
    await assert.rejects(start([service("orders", ttl(90))], mongo("fail")), { type: "WEIR_INDEX_CHANGED" });
    const warned = await start([service("orders", ttl(90, { policy: "warn" }))], mongo("fail"));
    assert.deepEqual(await states(warned.broker), { at_1: "changed" });
    const applied = await start([service("orders", ttl(90))], mongo("apply"));
    assert.deepEqual(await states(applied.broker), { at_1: "in_sync" });
  });

  it("a boot with everything in sync asks once for each collection and once for the database", async () => {
    const declarations = Array.from(
      { length: 12 },
      (_, n): CollectionDeclaration => ({
        collection: `c${n}`,
        options: { validator: { a: { $exists: true } } },
        indexes: Array.from({ length: 10 }, (_, i) => ({ key: { [`f${i}`]: 1 } })),
      }),
    );
    await Promise.all(declarations.map((declaration) => schemaTarget(space.db, declaration).ensure()));
    const client = await MongoClient.connect(space.configuration.mongo.url, {
      useUnifiedTopology: true,
      monitorCommands: true,
    });
    const commands: string[] = [];
    client.on("commandStarted", ({ commandName }) => commands.push(commandName));
    const db = client.db(space.db.databaseName);
    await Promise.all(declarations.map((declaration) => schemaTarget(db, declaration).ensure()));
    await client.close();
    assert.deepEqual(commands.filter((command) => command !== "endSessions").sort(), [
      "listCollections",
      ...Array.from({ length: 12 }, () => "listIndexes"),
    ]);
  });

  describe("a rebuild whose process died", () => {
    const old: IndexDeclaration = { name: "i", key: { a: 1 } };
    const wanted: IndexDeclaration = { name: "i", key: { a: 1, b: 1 } };
    const steps = [
      ["after the bridge was built", [old], "changed"],
      ["after the old one was dropped", [], "in_sync"],
      ["after the new one was built", [wanted], "in_sync"],
    ] as const;
    for (const [when, there, state] of steps) {
      it(`${when}: the next start, with any policy, puts away what is left`, async () => {
        const collection = space.db.collection("orders");
        const { name, key, ...options } = bridgeFor(wanted) as { name: string; key: object };
        await collection.createIndex(key, { name, ...options });
        for (const index of there) await collection.createIndex(index.key, { name: index.name });
        const { broker, log } = await start([service("orders", { collection: "orders", indexes: [wanted] })]);
        assert.deepEqual(await states(broker), { i: state });
        assert.ok(!(await collection.indexExists(bridgeName(wanted))));
        assert.ok(log.some((line) => line.includes("left by a rebuild that was interrupted")));
      });
    }
  });

  it("a look that is out of date does no harm: what others did meanwhile is seen by the next", async () => {
    const target = schemaTarget(space.db, {
      collection: "orders",
      indexes: [{ key: { a: 1 } }, { key: { b: 1 } }],
    });
    await space.db.createCollection("orders");
    // Another instance acts between this one's look and its write, with an older version's options.
    const { db } = target;
    const command = db.command.bind(db);
    let meddled = false;
    const meddling = Object.create(db, {
      command: {
        value: async (document: Record<string, unknown>, options: object) => {
          if ("createIndexes" in document && !meddled) {
            meddled = true;
            await db.collection("orders").createIndex({ a: 1 }, { name: "a_1", sparse: true });
          }
          return command(document, options);
        },
      },
    });
    const { ensure } = schemaTarget(meddling, target.declaration);
    assert.deepEqual(statesOf(await ensure()), { a_1: "changed", b_1: "in_sync" });
  });

  it("works outside a gateway, on any broker", async () => {
    const { url, database } = space.configuration.mongo;
    const broker = standaloneBroker(url, database);
    brokers.push(broker);
    await broker.start();
    await broker.call("orders.place", { order_id: "o-1", total: 5 });
    assert.deepEqual(await broker.call("orders.get", { order_id: "o-1" }), { order_id: "o-1", total: 5 });
    assert.deepEqual(await states(broker), { order_id_1: "in_sync", placed_at_1: "in_sync" });
    const known = broker.registry.getServiceList({ onlyLocal: true }).find(({ name }) => name === "orders");
    assert.equal(known?.settings.mongo, undefined, "the connection string is not told to other nodes");
  });
});
