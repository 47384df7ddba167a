import assert from "node:assert/strict";
import type { ServiceBroker } from "moleculer";
import {
  type CollectionIndexes,
  type MongoServiceSchema,
  mongoSchema,
} from "../../mixins/mongo-schema.mixin";
import { createSpace, type Space, waitFor } from "../support";
import { createBroker } from "../support/broker";

type Order = { order_id: number };

const orders = (): MongoServiceSchema<Order> => ({
  name: "orders",
  mixins: [
    mongoSchema(
      {
        collection: "orders",
        indexes: [
          { key: { order_id: 1 }, unique: true },
          { key: { expires_at: 1 }, expireAfterSeconds: 3600 },
          { name: "open_ones", key: { status: 1, at: -1 }, partialFilterExpression: { open: true } },
          { key: { name: 1 }, collation: { locale: "en", strength: 2 } },
          {
            name: "words",
            key: { title: "text", note: "text" },
            weights: { title: 5 },
            default_language: "none",
            language_override: "text_language",
          },
        ],
      },
      { collection: "lines" },
    ),
  ],
  actions: {
    async add(ctx) {
      await this.collection.insertOne({ ...ctx.params });
    },
  },
});

describe("mongo-schema mixin", () => {
  let space: Space;
  let brokers: ServiceBroker[] = [];

  const create = (schemas: object[], mongoUrl = space.configuration.mongo.url) => {
    const configuration = space.configurationWith({ mongo: { url: mongoUrl } });
    const created = createBroker(configuration, schemas);
    brokers.push(created.broker);
    return created;
  };
  const start = async (schemas: object[]) => {
    const { broker } = create(schemas);
    await broker.start();
    return broker;
  };
  const states = async (broker: ServiceBroker, params = {}) => {
    const [first] = await broker.call<CollectionIndexes[], object>("orders.indexes", params);
    return Object.fromEntries(first?.indexes.map(({ name, state }) => [name, state]) ?? []);
  };
  const inSync = {
    order_id_1: "in_sync",
    expires_at_1: "in_sync",
    open_ones: "in_sync",
    name_1: "in_sync",
    words: "in_sync",
  };

  beforeEach(async () => {
    space = await createSpace();
    brokers = [];
  });
  afterEach(async () => {
    await Promise.all(brokers.map((broker) => broker.stop()));
    await space.close();
  });

  it("creates collections and indexes once, whoever starts at the same time on an empty database", async () => {
    const started = await Promise.all([start([orders()]), start([orders()]), start([orders()])]);
    for (const broker of started) assert.deepEqual(await states(broker), inSync);
    const names = (await space.db.listCollections().toArray()).map(({ name }) => name).sort();
    assert.deepEqual(names, ["lines", "orders"]);
    assert.equal((await space.db.collection("orders").indexes()).length, 6);
  });

  it("enforces the declared options", async () => {
    const broker = await start([orders()]);
    await broker.call("orders.add", { order_id: 1, language: "klingon" });
    await assert.rejects(broker.call("orders.add", { order_id: 1 }), { code: 11000 });
  });

  it("brings a dropped index back at the next start, and at once when asked to apply", async () => {
    const first = await start([orders()]);
    await space.db.collection("orders").dropIndex("open_ones");
    assert.deepEqual(await states(first), { ...inSync, open_ones: "missing" });
    await start([orders()]);
    assert.deepEqual(await states(first), inSync);
    await space.db.collection("orders").dropIndexes();
    assert.deepEqual(await states(first, { apply: true }), inSync);
  });

  it("says what differs about an index that exists with other options, and leaves it", async () => {
    await space.db.collection("orders").createIndex({ order_id: 1 });
    await space.db.collection("orders").createIndex({ other: 1 });
    const { broker, log } = create([orders()]);
    await broker.start();
    assert.deepEqual(await states(broker), { ...inSync, order_id_1: "changed", other_1: "extra" });
    const [collection] = await broker.call<CollectionIndexes[]>("orders.indexes");
    assert.deepEqual(collection?.indexes[0]?.difference, { unique: { declared: true, actual: false } });
    const line = log.find((text) => text.startsWith("warn") && text.includes("order_id_1"));
    assert.match(line ?? "", /unique is false, declared true.*npm run indexes -- --apply --service orders/);
  });

  it("publishes no action of its own but `indexes`", async () => {
    const broker = await start([orders()]);
    const actions = broker.registry.getActionList({ onlyLocal: true, skipInternal: true });
    assert.deepEqual(actions.map(({ name }) => name).sort(), ["orders.add", "orders.indexes"]);
  });

  it("keeps the shared client open for the other services when one of them is stopped", async () => {
    const broker = await start([orders(), { ...orders(), name: "invoices" }]);
    const service = broker.getLocalService("invoices");
    await broker.destroyService(service);
    await broker.call("orders.add", { order_id: 7 });
    broker.createService({ ...orders(), name: "invoices" });
    await broker.waitForServices("invoices", 5_000);
    await broker.call("invoices.add", { order_id: 8 });
    assert.equal(await space.db.collection("orders").countDocuments(), 2);
  });

  it("stops the start with the index's name when the documents contradict it", async () => {
    await space.db.collection("orders").insertMany([{ order_id: 1 }, { order_id: 1 }]);
    await assert.rejects(start([orders()]), (error: Error & { type?: string }) => {
      assert.equal(error.type, "WEIR_INDEX_NOT_CREATED");
      assert.match(error.message, /Service "orders", collection "orders".*order_id_1/);
      return true;
    });
  });

  it("stops the start when MongoDB refuses the password, without showing it", async () => {
    const [host = ""] = space.configuration.mongo.url.replace("mongodb://", "").split("/");
    const { broker } = create([orders()], `mongodb://bob:secret@${host}/?authSource=admin`);
    await assert.rejects(broker.start(), (error: Error & { type?: string }) => {
      assert.equal(error.type, "WEIR_MONGO_REFUSED");
      assert.match(error.message, new RegExp(`MongoDB at ${host} refused the user name or the password`));
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

  it("waits for a MongoDB that is not there, saying so without the password, until it is stopped", async () => {
    const { broker, log } = create([orders()], "mongodb://bob:secret@127.0.0.1:1/");
    const starting = assert.rejects(broker.start(), { type: "WEIR_STOPPED" });
    await waitFor(() => log.some((line) => line.includes("MongoDB at 127.0.0.1:1 cannot be reached")), {
      what: "the log to say that MongoDB cannot be reached",
    });
    await broker.stop();
    await starting;
    assert.ok(!log.some((line) => line.includes("secret")));
  });
});
