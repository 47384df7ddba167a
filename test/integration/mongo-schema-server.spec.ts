import assert from "node:assert/strict";
import type { ServiceBroker } from "moleculer";
import type { Db, MongoClient } from "mongodb";
import {
  type CollectionDeclaration,
  type CollectionIndexes,
  mongoSchema,
} from "../../mixins/mongo-schema.mixin";
import { declaredCollections } from "../../services/declared-collections";
import type { PrivateServers } from "../../services/embedded/private-servers";
import { buildingLines } from "../../services/indexes/building-lines";
import { mongoClient, privateServers, uniqueName, waitFor } from "../support";
import { createBroker } from "../support/broker";
import { testConfiguration } from "../support/configuration";
import { type SchemaProcess, startSchemaProcess } from "../support/schema-process";
import { schemaTarget, statesOf } from "../support/schema-target";

/** Stops every index build at the document with `a: 100`. */
const HANG = "hangIndexBuildDuringCollectionScanPhaseAfterInsertion";

describe("a MongoDB that removes, fails, builds for long, or is away", () => {
  let servers: PrivateServers;
  let client: MongoClient;
  let db: Db;
  let brokers: ServiceBroker[] = [];
  let processes: SchemaProcess[] = [];

  const failPoint = (name: string, mode: object | string, data?: object) =>
    client.db("admin").command({ configureFailPoint: name, mode, ...(data && { data }) });
  const hang = () => failPoint(HANG, "alwaysOn", { fieldsToMatch: { a: 100 } });
  const goOn = () => failPoint(HANG, "off");
  const create = (...declarations: [CollectionDeclaration, ...CollectionDeclaration[]]) => {
    const configuration = testConfiguration(db.databaseName, { mongo: { url: servers.mongoUrl } });
    const created = createBroker(configuration, [{ name: "orders", mixins: [mongoSchema(...declarations)] }]);
    brokers.push(created.broker);
    return created;
  };
  const indexes = async (broker: ServiceBroker) =>
    (await broker.call<CollectionIndexes[]>("orders.indexes"))[0]?.indexes ?? [];
  const fill = (collection: string) =>
    db.collection(collection).insertMany(Array.from({ length: 200 }, (_, a) => ({ a })));

  before(async () => {
    const mongoParameters = { ttlMonitorSleepSecs: 1, enableTestCommands: 1 };
    servers = await privateServers({ mongoParameters });
    client = await mongoClient(servers.mongoUrl);
  });
  beforeEach(() => {
    db = client.db(uniqueName("m"));
  });
  afterEach(async () => {
    await failPoint("failCommand", "off");
    await goOn();
    await Promise.all(brokers.map((broker) => broker.stop()));
    await Promise.all(processes.map((process) => process.kill()));
    brokers = [];
    processes = [];
  });
  after(async () => {
    await client?.close();
    await servers?.close();
  });

  describe("the TTL index of", () => {
    for (const { declarations } of declaredCollections()) {
      for (const declaration of declarations) {
        const ttl = declaration.indexes?.find(({ expireAfterSeconds }) => expireAfterSeconds !== undefined);
        if (!ttl) continue;
        const [field = ""] = Object.keys(ttl.key);
        const unique = declaration.indexes
          ?.filter((index) => index.unique)
          .flatMap(({ key }) => Object.keys(key));
        it(`${declaration.collection} removes what is over by ${field}, and keeps the rest`, async () => {
          await schemaTarget(db, declaration).ensure();
          const now = Date.now();
          const documents = db.collection(declaration.collection);
          const other = (n: number) =>
            Object.fromEntries([...(unique ?? []), "name"].map((of) => [of, `${of} ${n}`]));
          await documents.insertMany([
            { ...other(1), [field]: new Date(now - 1000) },
            { ...other(2), [field]: new Date(now + 3_600_000) },
            { ...other(3) },
          ]);
          await waitFor(async () => (await documents.countDocuments({})) === 2, {
            what: "the document to be removed",
          });
          assert.equal(await documents.countDocuments({ name: "name 1" }), 0);
        });
      }
    }
  });

  describe("an error of the server:", () => {
    const declaration: CollectionDeclaration = {
      collection: "orders",
      indexes: [{ key: { n: 1 }, unique: true }, { key: { m: 1 } }],
    };
    const inSync = { n_1: "in_sync", m_1: "in_sync" };
    const fail = (command: string, data: object, times: number) =>
      failPoint("failCommand", { times }, { failCommands: [command], ...data });

    for (const [code, command, what] of [
      [26, "createIndexes", "NamespaceNotFound: dropped meanwhile"],
      [48, "create", "NamespaceExists: created meanwhile"],
      [85, "createIndexes", "IndexOptionsConflict: another one was made meanwhile"],
      [86, "createIndexes", "IndexKeySpecsConflict: another one was made meanwhile"],
      [276, "createIndexes", "IndexBuildAborted: dropped while it was built"],
    ] as const) {
      it(`${code} (${what}) is absorbed by looking again`, async () => {
        await fail(command, { errorCode: code }, 1);
        const target = schemaTarget(db, declaration);
        assert.deepEqual(statesOf(await target.ensure()), inSync);
        assert.deepEqual(
          target.log.filter((line) => /^(warn|error)/.test(line)),
          [],
        );
      });
    }

    for (const [code, message] of [
      [
        67,
        /Service "orders", collection "orders": MongoDB did not create "n_1" \(.*\)\. Correct the declaration and restart\./,
      ],
      [85, /"n_1", which others keep changing \(.*\)\. Is another version of the service at work\?/],
      [86, /"n_1", which others keep changing/],
    ] as const) {
      it(`${code}, again and again, stops the start and says what to do`, async () => {
        await fail("createIndexes", { errorCode: code }, 1000);
        await assert.rejects(schemaTarget(db, declaration).ensure(), {
          type: "WEIR_INDEX_NOT_CREATED",
          message,
        });
      });
    }

    it("11000 (DuplicateKey) stops the start with examples; the other indexes are created", async () => {
      await db.collection<{ _id: number; n: number }>("orders").insertMany([
        { _id: 1, n: 5 },
        { _id: 2, n: 5 },
      ]);
      const target = schemaTarget(db, declaration);
      await assert.rejects(target.ensure(), {
        type: "WEIR_INDEX_NOT_CREATED",
        message:
          /"n_1", which is unique, because of duplicates: \{"n":5\} in the documents 1, 2\. Remove them, or `unique`, and restart\./,
      });
      assert.deepEqual(statesOf(await target.plan()), { n_1: "missing", m_1: "in_sync" });
    });

    for (const [what, data] of [
      ["10107 (NotWritablePrimary)", { errorCode: 10107 }],
      ["189 (PrimarySteppedDown)", { errorCode: 189 }],
      ["a connection that breaks", { closeConnection: true }],
    ] as const) {
      it(`${what} is waited out, with a line`, async () => {
        await fail("createIndexes", data, 2);
        const { broker, log } = create(declaration);
        await broker.start();
        assert.deepEqual(
          Object.fromEntries((await indexes(broker)).map(({ name, state }) => [name, state])),
          inSync,
        );
        assert.ok(
          log.some((line) => /MongoDB at .* cannot be reached .*trying again in/.test(line)),
          log.join("\n"),
        );
      });
    }
  });

  it("a primary that is away at the boot is waited for", async () => {
    await servers.mongo.stop();
    const { broker, log } = create({ collection: "orders", indexes: [{ key: { n: 1 } }] });
    const starting = broker.start();
    await waitFor(() => log.some((line) => /warn: MongoDB at 127.0.0.1:\d+ cannot be reached/.test(line)), {
      what: "the log to say that MongoDB is awaited",
    });
    await servers.mongo.start();
    await starting;
    assert.deepEqual(
      (await indexes(broker)).map(({ state }) => state),
      ["in_sync"],
    );
  });

  describe("a build that takes long", () => {
    it("goes on in the background, with its progress, while the service is started", async () => {
      await fill("orders");
      await hang();
      const { broker, log } = create({
        collection: "orders",
        build: "background",
        indexes: [{ key: { a: 1 } }],
      });
      await broker.start();
      const [index] = await waitFor(
        async () => {
          const states = await indexes(broker);
          return states[0]?.progress && states;
        },
        { what: "the build to show its progress" },
      );
      assert.equal(index?.state, "building");
      assert.deepEqual(index?.progress, { phase: "scanning collection", percent: 50 });
      await waitFor(
        () => log.some((line) => /Building a_1 on "orders": 50 % \(scanning collection\)/.test(line)),
        {
          what: "the log to tell the progress",
        },
      );
      assert.deepEqual(await buildingLines(broker), [
        'Index "a_1" of "orders" is being built: 50 % (scanning collection).',
      ]);
      await goOn();
      await waitFor(async () => (await indexes(broker))[0]?.state === "in_sync", {
        what: "the index to be there",
      });
    });

    it("and fails in the background is told with examples; the service goes on", async () => {
      await db.collection<{ _id: number; a: number }>("orders").insertMany([
        { _id: 1, a: 7 },
        { _id: 2, a: 7 },
      ]);
      const { broker, log } = create({
        collection: "orders",
        build: "background",
        indexes: [{ key: { a: 1 }, unique: true }],
      });
      await broker.start();
      assert.ok(
        log.some((line) => /warn: .*in the background\. Until then duplicates are not refused/.test(line)),
      );
      await waitFor(
        () =>
          log.some((line) => /error: .*because of duplicates: \{"a":7\} in the documents 1, 2/.test(line)),
        {
          what: "the log to tell the duplicates",
        },
      );
      assert.deepEqual(
        (await indexes(broker)).map(({ state }) => state),
        ["missing"],
      );
    });

    it("keeps a service that requires the index from being started", async () => {
      await fill("orders");
      await hang();
      const { broker } = create({
        collection: "orders",
        build: "background",
        indexes: [{ key: { a: 1 }, required: true }],
      });
      let started = false;
      const starting = broker.start().then(() => {
        started = true;
      });
      const target = schemaTarget(db, { collection: "orders", indexes: [{ key: { a: 1 } }] });
      await waitFor(async () => statesOf(await target.plan()).a_1 === "building", {
        what: "the build to begin",
      });
      assert.equal(started, false);
      await goOn();
      await starting;
      assert.deepEqual(statesOf(await target.plan()), { a_1: "in_sync" });
    });

    it("goes on when the process that began it dies, and the next start waits for it", async () => {
      await fill("orders");
      await hang();
      const declaration: CollectionDeclaration = { collection: "orders", indexes: [{ key: { a: 1 } }] };
      const target = schemaTarget(db, declaration);
      const process = await startSchemaProcess();
      processes.push(process);
      const dies = process.boot({ url: servers.mongoUrl, database: db.databaseName, declaration });
      dies.catch(() => undefined);
      await waitFor(async () => statesOf(await target.plan()).a_1 === "building", {
        what: "the build to begin",
      });
      await process.kill();
      const next = target.ensure();
      await goOn();
      assert.deepEqual(statesOf(await next), { a_1: "in_sync" });
    });

    it("that somebody drops meanwhile is begun anew", async () => {
      await fill("orders");
      const { count } = await hang();
      const target = schemaTarget(db, { collection: "orders", indexes: [{ key: { a: 1 } }] });
      const ensuring = target.ensure();
      // A build that has begun and does not hang yet would be ended at once.
      await client
        .db("admin")
        .command({ waitForFailPoint: HANG, timesEntered: count + 1, maxTimeMS: 20_000 });
      const dropping = db.command({ dropIndexes: "orders", index: "a_1" });
      await waitFor(
        async () => {
          const reply = await client.db("admin").command({ currentOp: 1, "command.dropIndexes": "orders" });
          return reply.inprog.length > 0;
        },
        { what: "the drop to be at work" },
      );
      await goOn();
      await dropping;
      assert.deepEqual(statesOf(await ensuring), { a_1: "in_sync" });
    });
  });

  it("a process that dies in the middle of a rebuild leaves what the next start completes", async () => {
    await schemaTarget(db, { collection: "orders", indexes: [{ name: "i", key: { a: 1 } }] }).ensure();
    await fill("orders");
    await hang();
    const declaration: CollectionDeclaration = {
      collection: "orders",
      policy: "apply",
      rebuild: true,
      indexes: [{ name: "i", key: { a: 1, b: 1 } }],
    };
    const process = await startSchemaProcess();
    processes.push(process);
    const dies = process.boot({ url: servers.mongoUrl, database: db.databaseName, declaration });
    dies.catch(() => undefined);
    const target = schemaTarget(db, declaration);
    await waitFor(async () => (await target.plan()).indexes.some(({ actual }) => actual?.building), {
      what: "the rebuild to begin",
    });
    await process.kill();
    await goOn();
    // Its lease is over at some time; the test does not wait for that.
    await db.collection("schema_changes").updateMany({}, { $set: { until: new Date(0) } });
    const healed = await target.ensure({ policy: "apply", rebuild: true });
    assert.deepEqual(statesOf(healed), { i: "in_sync" });
  });
});
