import assert from "node:assert/strict";
import { type BrokerOptions, type Service, ServiceBroker, type ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import { type MongoSchemaService, mongoSchema } from "../../mixins/mongo-schema.mixin";
import { provideConfiguration } from "../../schemas/configuration/broker-configuration";
import { createGateway } from "../../services/runtime/gateway";
import effectsBatch from "../fixtures/effects-batch.service";
import effectsTx from "../fixtures/effects-tx.service";
import {
  allCommitted,
  assertOnce,
  createSpace,
  exampleOf,
  makeTraffic,
  type Space,
  sendTraffic,
  waitFor,
} from "../support";
import { type Joined, TRANSPORTERS } from "../support/transporters";

for (const [name, join] of Object.entries(TRANSPORTERS)) {
  describe(`a gateway and other Moleculer nodes, joined by ${name}`, () => {
    let space: Space;
    let joined: Joined;
    let gateway: ServiceBroker;
    let other: ServiceBroker;
    let third: ServiceBroker;

    before(async () => {
      space = await createSpace();
      joined = await join(["gateway", "other", "third"]);
      const { transporter, nodeIDs } = joined;
      gateway = createGateway(space.configurationWith({ nodeID: nodeIDs[0], transporter }));
      other = new ServiceBroker({
        nodeID: nodeIDs[1],
        namespace: space.configuration.namespace,
        transporter: transporter as unknown as BrokerOptions["transporter"],
        logger: false,
        created: (broker) => provideConfiguration(broker, space.configuration),
      });
      third = createGateway(space.configurationWith({ nodeID: nodeIDs[2], transporter }), {
        services: [],
        broker: { logger: false },
      });
      await Promise.all([gateway.start(), other.start(), third.start()]);
      await other.waitForServices(["bridge", "dlq", "events"], 20_000, 50);
      await waitFor(async () => (await gateway.call<{ state: string }>("bridge.status")).state === "ready", {
        what: "ready",
      });
    });
    after(async () => {
      await third?.stop();
      await other?.stop();
      await gateway?.stop();
      await joined?.close();
      await space.close();
    });

    it("lets it publish, look into the DLQ and ask for a stored event", async () => {
      const { payload } = exampleOf("order.placed");
      const { event_id } = await other.call<{ event_id: string }, object>("bridge.publish", {
        event_type: "order.placed",
        payload,
        aggregate_id: "o1",
      });
      await space.produce("order.placed", [{ value: "no event" }]);
      await allCommitted(space, ["events"], ["order.placed"]);
      const stored = await other.call<{ event: { event_id: string; payload: object } }, object>(
        "events.get",
        {
          event_id,
        },
      );
      assert.deepEqual(stored.event.payload, payload);
      const { rows } = await other.call<{ rows: { reason: string }[] }, object>("dlq.list", {});
      assert.deepEqual(
        rows.map(({ reason }) => reason),
        ["unparseable"],
      );
    });

    it("tells it of bad parameters as a ValidationError, and of other errors by their code", async () => {
      await assert.rejects(other.call("bridge.publish", { event_type: "order.placed", payload: {} }), {
        name: "ValidationError",
        type: "WEIR_EVENT_INVALID",
      });
      await assert.rejects(other.call("events.get", { event_id: "nobody" }), {
        type: "WEIR_EVENT_NOT_FOUND",
        code: 404,
      });
      await assert.rejects(other.call("dlq.list", { reason: { $ne: null } }), { name: "ValidationError" });
    });

    it("hands events to a plugin that it hosts", async () => {
      other.createService(effectsBatch as unknown as ServiceSchema);
      const types = ["order.placed", "user.registered"];
      const traffic = makeTraffic({ types, events: 3_000, duplicates: 0.1, seed: 3 });
      await sendTraffic(space, traffic);
      await allCommitted(space, ["effects-batch"], types);
      const effects = await space.db.collection("effects").find({ event_id: /^3-/ }).toArray();
      assert.equal(effects.length, traffic.good.size);
      await space.db.collection("effects").deleteMany({ event_id: { $not: /^3-/ } });
      await assertOnce(space, "effects-batch", traffic);
    });

    it("dead-letters an event that is too large for the way to that node, and goes on", async () => {
      const example = exampleOf("order.placed");
      const huge = {
        ...example,
        event_id: "huge",
        metadata: { ...example.metadata, note: "x".repeat(1_500_000) },
      };
      const after = { ...example, event_id: "after-huge" };
      await space.produce("order.placed", [
        { key: "k", value: JSON.stringify(huge) },
        { key: "k", value: JSON.stringify(after) },
      ]);
      await allCommitted(space, ["events", "effects-batch"], ["order.placed"]);
      const [letter, ...more] = await space.db
        .collection("dead_letters")
        .find({ group: "effects-batch" })
        .toArray();
      assert.deepEqual(
        [letter?.event_id, letter?.reason, more.length],
        ["huge", "too_large_for_transporter", 0],
      );
      assert.equal(await space.db.collection("effects").countDocuments({ event_id: "after-huge" }), 1);
      assert.equal(
        await space.db.collection("events").countDocuments({ event_id: "huge" }),
        1,
        "stored on the gateway's own node",
      );
    });

    it("refuses a plugin with transactions on a node with another MongoDB, says what to do, and loses nothing", async () => {
      provideConfiguration(
        other,
        space.configurationWith({ mongo: { database: `${space.name}-elsewhere` } }),
      );
      const stray = other.createService(effectsTx as unknown as ServiceSchema);
      await sendTraffic(space, makeTraffic({ types: ["order.paid"], events: 3, seed: 4 }));
      const told = await waitFor(
        async () => {
          const { reasons } = await gateway.call<{ reasons: string[] }>("bridge.status");
          return reasons.find((reason) => reason.includes("effects-tx"));
        },
        { what: "the gateway to say why the group waits" },
      );
      assert.match(told, /MONGO_URL/);
      const letters = await space.db.collection("dead_letters").find({ group: "effects-tx" }).toArray();
      assert.deepEqual(letters, []);
      await other.destroyService(stray);
      provideConfiguration(other, space.configuration);
      other.createService(effectsTx as unknown as ServiceSchema);
      await allCommitted(space, ["effects-tx"], ["order.paid", "order.placed"]);
      assert.equal(
        await space.db.collection("effects").countDocuments({ group: "effects-tx", event_id: /^4-/ }),
        3,
      );
    });

    it("takes the answer for a chunk whose events all fail with long errors, and keeps every letter", async () => {
      other.createService(longWinded);
      const example = exampleOf("payment.failed");
      const ids = Array.from({ length: 1_000 }, (_, index) => `long-${index}`);
      await space.produce(
        "payment.failed",
        ids.map((event_id) => ({ value: JSON.stringify({ ...example, event_id }) })),
      );
      await allCommitted(space, ["long-winded"], ["payment.failed"]);
      const letters = await space.db.collection("dead_letters").find({ group: "long-winded" }).toArray();
      assert.deepEqual(letters.map(({ event_id }) => event_id).sort(), ids.sort());
      for (const { event_id, error } of letters) assert.match(error.message, new RegExp(`^${event_id} xxx`));
    });

    it("cuts a chunk with large headers to what the transporter takes", async () => {
      const example = exampleOf("user.email_changed");
      other.createService(wideAwake as unknown as ServiceSchema);
      const headers = { note: "x".repeat(10_000) };
      await space.produce(
        "user.email_changed",
        Array.from({ length: 300 }, (_, index) => ({
          value: JSON.stringify({ ...example, event_id: `wide-${index}` }),
          headers,
        })),
      );
      await allCommitted(space, ["wide-awake"], ["user.email_changed"]);
      assert.equal(await space.db.collection("wide_awake").countDocuments({ redelivered: false }), 300);
    });

    it("tells a caller at once that a call or an answer is too large", async () => {
      const tooLarge = { type: "WEIR_TOO_LARGE_FOR_TRANSPORTER", code: 413 };
      await third.waitForServices(["bridge", "events"], 20_000, 50);
      await assert.rejects(third.call("events.get", { event_id: "huge" }), tooLarge);
      const { payload } = exampleOf("order.placed");
      const note = "x".repeat(1_500_000);
      await assert.rejects(
        third.call("bridge.publish", { event_type: "order.placed", payload, metadata: { note } }),
        tooLarge,
      );
      assert.ok(
        (await third.call<{ total: number }, object>("dlq.list", {})).total > 0,
        "and the way is open",
      );
    });

    it("shares a group's work between the nodes that host it, and loses nothing when one of them leaves", async () => {
      await space.db.createCollection("shared");
      const sent: string[] = [];
      const send = async (count: number) => {
        const ids = Array.from({ length: count }, (_, index) => `shared-${sent.length + index}`);
        sent.push(...ids);
        const example = exampleOf("order.shipped");
        const messages = ids.map((event_id) => ({
          key: event_id,
          value: JSON.stringify({ ...example, event_id }),
        }));
        await space.produce("order.shipped", messages);
      };
      const nodes = () => space.db.collection("shared").distinct("node");
      other.createService(shared());
      const leaving = third.createService(shared());
      await waitFor(
        async () => {
          await send(100);
          return (await nodes()).length === 2;
        },
        { what: "both nodes to handle events", everyMs: 200 },
      );
      await Promise.all([send(1_000), third.destroyService(leaving), send(1_000)]);
      await allCommitted(space, ["shared"], ["order.shipped"]);
      const effects = await space.db.collection("shared").find({}).toArray();
      assert.deepEqual(effects.map(({ event_id }) => event_id).sort(), sent.sort());
      assert.equal(await space.db.collection("dead_letters").countDocuments({ group: "shared" }), 0);
    });
  });
}

/** Fails every event with more words than a thousand of them could be told in. */
const longWinded = {
  name: "long-winded",
  mixins: [
    eventHandler({
      handlers: {
        "payment.failed": {
          concurrency: 50,
          retry: { attempts: 1 },
          handler({ event_id }) {
            throw Object.assign(new Error(`${event_id} ${"x".repeat(5_000)}`), {
              data: { event_id, more: "y".repeat(3_000) },
            });
          },
        },
      },
    }),
  ],
} as unknown as ServiceSchema;

/** Leaves a document for every event that was handed to it. */
const wideAwake = {
  name: "wide-awake",
  mixins: [
    mongoSchema({ collection: "wide_awake", indexes: [] }),
    eventHandler({
      handlers: {
        "user.email_changed": {
          batch: true,
          async handler(this: MongoSchemaService, events, deliveries) {
            await this.collection.insertMany(
              events.map(({ event_id }, index) => ({
                event_id,
                redelivered: deliveries[index]?.redelivered,
              })),
            );
          },
        },
      },
    }),
  ],
};

/** Notes, in the transaction that makes an event done, which node handled it. A function: each node makes its own service of it. */
const shared = () =>
  ({
    name: "shared",
    mixins: [
      eventHandler({
        transaction: true,
        handlers: {
          "order.shipped": {
            batch: true,
            async handler(this: Service, events, deliveries) {
              const effects = events.map(({ event_id }) => ({ event_id, node: this.broker.nodeID }));
              await deliveries[0]?.tx.collection("shared").insertMany(effects);
            },
          },
        },
      }),
    ],
  }) as unknown as ServiceSchema;
