import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { Binary } from "mongodb";
import { eventHandler } from "../../mixins/event-handler.mixin";
import type { Delivery, EventEnvelope, EventTransaction } from "../../schemas/delivery";
import type { ProgressDocument } from "../../schemas/progress";
import { createGateway } from "../../services/runtime/gateway";
import effectsBatch from "../fixtures/effects-batch.service";
import effectsTx from "../fixtures/effects-tx.service";
import {
  allCommitted,
  assertOnce,
  createSpace,
  type Effect,
  effectsOf,
  kafkaClient,
  makeTraffic,
  type Space,
  sendTraffic,
  waitFor,
} from "../support";

const TYPES = ["order.placed", "order.paid", "order.shipped"];
type Batch = (events: EventEnvelope[], deliveries: Delivery[]) => Promise<void>;

describe("plugins with transaction: true", () => {
  let space: Space;
  let broker: ServiceBroker | undefined;

  beforeEach(async () => {
    space = await createSpace({ topics: { partitions: 1 } });
    // MongoDB creates no collection within a transaction without a lock on the catalog: as any owner would, make it before.
    await space.db.createCollection("effects");
  });
  afterEach(async () => {
    await broker?.stop();
    broker = undefined;
    await space.close();
  });

  async function start(
    plugin: object,
    changes: Parameters<Space["configurationWith"]>[0] = {},
    beside: object[] = [],
  ): Promise<ServiceBroker> {
    const started = createGateway(space.configurationWith(changes), {
      plugins: [plugin, ...beside] as ServiceSchema[],
    });
    broker = started;
    await started.start();
    await waitFor(async () => (await started.call<{ state: string }>("bridge.status")).state === "ready", {
      what: "ready",
    });
    return started;
  }

  const plugin = (handle: (event: EventEnvelope, delivery: Delivery) => unknown, options: object = {}) => ({
    name: "tx",
    mixins: [
      eventHandler({
        transaction: true,
        handlers: {
          "order.placed": {
            retry: { attempts: 2, base: 1 },
            ...options,
            handler: handle as (event: object, delivery: Delivery) => unknown,
          },
        },
      }),
    ],
  });
  const write = (tx: EventTransaction | undefined, event: { event_id: string }, group = "tx") =>
    tx?.collection<Partial<Effect>>("effects").insertOne({ group, event_id: event.event_id });
  const counts = async (gateway: ServiceBroker, group: string) => {
    const { groups } = await gateway.call<{ groups: { group: string; counts: object }[] }>("bridge.status");
    return groups.find((candidate) => candidate.group === group)?.counts;
  };
  const letters = () => space.db.collection("dead_letters").find({ group: "tx" }).toArray();

  it("take each event of a load with duplicates and bad ones exactly once", async () => {
    await start(effectsTx);
    const traffic = makeTraffic({ types: TYPES, events: 2_000, duplicates: 0.1, bad: 0.05 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["events", "effects-tx"], TYPES);
    await assertOnce(space, "effects-tx", traffic);
  });

  it("leave no effect of an event whose handler throws after it wrote; the others commit, it becomes a letter", async () => {
    const gateway = await start(
      plugin(async (event, { tx }) => {
        await write(tx, event);
        if (event.event_id === "1-7") throw new Error("after the write");
      }),
    );
    const traffic = makeTraffic({ types: ["order.placed"], events: 20 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["tx"], ["order.placed"]);
    const effects = await effectsOf(space, "tx");
    assert.equal(effects.size, 19);
    assert.ok(![...effects.values()].some((list) => list.length > 1));
    assert.ok(!effects.has("1-7"));
    const [letter, ...more] = await letters();
    assert.equal(more.length, 0);
    assert.deepEqual([letter?.event_id, letter?.reason, letter?.attempts], ["1-7", "handler_error", 2]);
    assert.deepEqual(await counts(gateway, "tx"), {
      completed: 19,
      duplicate: 0,
      failed: 1,
      refused: 0,
      passed_over: 0,
      busy: 0,
      not_started: 0,
    });
  });

  it("find the culprit of a batch by halving, and commit everything around it once", async () => {
    const batch: Batch = async (events, deliveries) => {
      for (const [index, event] of events.entries()) await write(deliveries[index]?.tx, event);
      if (events.some(({ event_id }) => event_id === "1-13")) throw new Error("13 is among them");
    };
    await start({
      name: "tx",
      mixins: [
        eventHandler({
          transaction: true,
          handlers: { "order.placed": { batch: true, retry: { attempts: 1 }, handler: batch as never } },
        }),
      ],
    });
    const traffic = makeTraffic({ types: ["order.placed"], events: 30 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["tx"], ["order.placed"]);
    const effects = await effectsOf(space, "tx");
    assert.deepEqual([effects.size, [...effects.values()].flat().length], [29, 29]);
    assert.deepEqual(
      (await letters()).map(({ event_id }) => event_id),
      ["1-13"],
    );
  });

  it("refuse a write that comes after the handler has returned, or after its time was up", async () => {
    const late: string[] = [];
    await start(
      plugin(
        async (event, { tx, signal }) => {
          const collection = tx?.collection<Partial<Effect>>("effects");
          const lateWrite = () =>
            Promise.resolve()
              .then(() => collection?.insertOne({ group: "late", event_id: event.event_id }))
              .catch((error: { type: string }) => late.push(error.type));
          if (event.event_id === "1-0") setTimeout(lateWrite, 20);
          else {
            signal.addEventListener("abort", () => setTimeout(lateWrite, 20));
            await new Promise(() => undefined);
          }
        },
        { timeout: 100 },
      ),
    );
    await sendTraffic(space, makeTraffic({ types: ["order.placed"], events: 2 }));
    await allCommitted(space, ["tx"], ["order.placed"]);
    await waitFor(() => late.length >= 2, { what: "both late writes" });
    assert.deepEqual([...new Set(late)], ["WEIR_TRANSACTION_OVER"]);
    assert.equal(await space.db.collection("effects").countDocuments({ group: "late" }), 0);
    assert.deepEqual(
      (await letters()).map(({ reason }) => reason),
      ["timeout"],
    );
  });

  it("tell a handler that swallows an error of the server that this aborts its transaction", async () => {
    await space.db.collection("effects").createIndex({ unique_by: 1 }, { unique: true, sparse: true });
    await space.db.collection("effects").insertOne({ unique_by: "taken" });
    await start(
      plugin(async (event, { tx }) => {
        await write(tx, event);
        const effects = tx?.collection<{ unique_by: string }>("effects");
        if (event.event_id === "1-2") await effects?.insertOne({ unique_by: "taken" }).catch(() => undefined);
      }),
    );
    await sendTraffic(space, makeTraffic({ types: ["order.placed"], events: 5 }));
    await allCommitted(space, ["tx"], ["order.placed"]);
    assert.deepEqual([...(await effectsOf(space, "tx")).keys()].sort(), ["1-0", "1-1", "1-3", "1-4"]);
    const [letter] = await letters();
    assert.equal(letter?.event_id, "1-2");
    assert.equal(letter?.error.type, "WEIR_TRANSACTION_ABORTED");
  });

  it("disturb no other group when what runs under their sessions is ended, as the next owner of a partition does", async () => {
    await start(effectsTx, { chunk: { maxMessages: 25 } }, [effectsBatch]);
    const traffic = makeTraffic({ types: TYPES, events: 1_200 });
    await sendTraffic(space, traffic);
    const effects = space.db.collection<Effect>("effects");
    const due = [...traffic.good.values()].filter(
      ({ event_type }) => event_type !== "user.registered",
    ).length;
    for (let done = 0; done < due; ) {
      await endWhatRuns();
      const before = done;
      const getsOn = async () => {
        done = await effects.countDocuments({ group: "effects-tx" });
        return done > before;
      };
      await waitFor(getsOn, {
        what: `effects-tx to get on from ${before} of ${due}`,
        everyMs: 5,
      });
    }
    await allCommitted(space, ["events", "effects-tx", "effects-batch"], TYPES);
    await assertOnce(space, "effects-tx", traffic);
    await assertOnce(space, "effects-batch", traffic);
    const again = await effects.countDocuments({ group: "effects-batch", redelivered: true });
    assert.equal(again, 0, "nothing of the plain group was interrupted");
  });

  /** Ends what runs under the sessions that the partitions' progress names. */
  async function endWhatRuns(): Promise<void> {
    for (const { sessions = [] } of await space.db
      .collection<ProgressDocument>("progress")
      .find({ sessions: { $ne: [] } })
      .toArray()) {
      const killSessions = sessions.map((id) => ({ id: new Binary(Buffer.from(id, "hex"), 4) }));
      if (sessions.length > 0) await space.mongo.db("admin").command({ killSessions });
    }
  }

  it("name the methods that may be used, when another one is called", async () => {
    await start(
      plugin((_event, { tx }) => (tx?.collection("effects") as { drop?(): unknown } | undefined)?.drop?.()),
    );
    await sendTraffic(space, makeTraffic({ types: ["order.placed"], events: 1 }));
    await allCommitted(space, ["tx"], ["order.placed"]);
    assert.equal((await letters())[0]?.error.type, "WEIR_TRANSACTION_METHOD");
  });

  it("repeat nothing when the offsets' commit was lost and the keys have expired, but do after a reset by an operator", async () => {
    const gateway = await start(effectsTx);
    const traffic = makeTraffic({ types: ["order.placed"], events: 50 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["effects-tx"], ["order.placed"]);
    await gateway.stop();
    broker = undefined;
    const [{ metadata } = { metadata: null }] = await space.groupState("effects-tx", ["order.placed"]);
    assert.match(String(metadata), /^weir:/);
    await space.db.collection("idempotency_keys").deleteMany({});

    await commitAt("0", String(metadata));
    const second = await start(effectsTx);
    await allCommitted(space, ["effects-tx"], ["order.placed"]);
    await assertOnce(space, "effects-tx", traffic);
    await second.stop();
    broker = undefined;

    await space.admin.setOffsets({
      groupId: space.group("effects-tx"),
      topic: space.topic("order.placed"),
      partitions: [{ partition: 0, offset: "0" }],
    });
    await start(effectsTx);
    await allCommitted(space, ["effects-tx"], ["order.placed"]);
    const effects = await effectsOf(space, "effects-tx");
    assert.ok(
      [...effects.values()].every((list) => list.length === 2),
      "what the operator asked for is done again",
    );
  });

  it("keep the name of their progress when the first thing after a start is an aborted transaction", async () => {
    const first = await start(effectsTx);
    const traffic = makeTraffic({ types: ["order.placed"], events: 10 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["effects-tx"], ["order.placed"]);
    await first.stop();
    broker = undefined;
    const [before] = await space.groupState("effects-tx", ["order.placed"]);

    const producer = kafkaClient(space.configuration.kafka.brokers).producer({
      transactionalId: space.name,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    const aborted = await producer.transaction();
    await aborted.send({ topic: space.topic("order.placed"), messages: [{ value: "never delivered" }] });
    await aborted.abort();
    await producer.disconnect();

    await start(effectsTx);
    await allCommitted(space, ["effects-tx"], ["order.placed"]);
    const [after] = await space.groupState("effects-tx", ["order.placed"]);
    assert.equal(after?.metadata, before?.metadata);
    await sendTraffic(space, traffic);
    await allCommitted(space, ["effects-tx"], ["order.placed"]);
    await assertOnce(space, "effects-tx", traffic);
  });

  /** As a gateway that died between its transaction and its commit would have left Kafka: an older offset of the same progress. */
  async function commitAt(offset: string, metadata: string): Promise<void> {
    const consumer = kafkaClient(space.configuration.kafka.brokers).consumer({
      groupId: space.group("effects-tx"),
      maxWaitTimeInMs: 50,
    });
    await consumer.connect();
    await consumer.subscribe({
      topics: TYPES.concat("order.cancelled").map(space.topic),
      fromBeginning: true,
    });
    const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => undefined });
    await joined;
    await consumer.commitOffsets([{ topic: space.topic("order.placed"), partition: 0, offset, metadata }]);
    await consumer.disconnect();
  }
});
