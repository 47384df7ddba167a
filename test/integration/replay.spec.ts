import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import type { Delivery, EventEnvelope } from "../../schemas/delivery";
import type { ItemResult } from "../../services/dlq/item-result";
import type { RedriveRow } from "../../services/dlq/redrive/status";
import type { DryRun } from "../../services/events/replay/begin";
import { createGateway } from "../../services/runtime/gateway";
import effectsTx from "../fixtures/effects-tx.service";
import {
  allCommitted,
  assertOnce,
  createSpace,
  kafkaClient,
  makeTraffic,
  type Space,
  sendTraffic,
  type Traffic,
  waitFor,
} from "../support";
import { beginReplay, replayIn } from "../support/replays";

const TYPES = ["order.placed", "order.paid"];
const EVENTS = 400;

interface Handed {
  event_id: string;
  event_type: string;
  replay: string | undefined;
  meta: unknown;
  redelivered: boolean;
  topic: string;
  offset: string;
}

describe("replay of stored events", () => {
  let space: Space;
  let gateway: ServiceBroker;
  let traffic: Traffic;
  let handed: Handed[] = [];
  let handle: (event: EventEnvelope, delivery: Delivery) => unknown = () => undefined;

  const recorder = {
    name: "recorder",
    mixins: [
      eventHandler({
        handlers: {
          "order.*": {
            concurrency: 100,
            retry: false,
            async handler(event: EventEnvelope, delivery: Delivery) {
              await handle(event, delivery);
              const { event_id, event_type } = event;
              const { ctx, replay, redelivered, topic, offset } = delivery;
              const { replay: meta } = ctx.meta as { replay?: string };
              handed.push({ event_id, event_type, replay, meta, redelivered, topic, offset });
            },
          },
        },
      }),
    ],
  } as ServiceSchema;
  const paidOnly = {
    name: "paid-only",
    mixins: [eventHandler({ handlers: { "order.paid": { batch: true, handler: () => undefined } } })],
  } as ServiceSchema;

  before(async () => {
    space = await createSpace({ breaker: { failures: 20 } });
    await space.db.createCollection("effects");
    gateway = createGateway(space.configuration, {
      plugins: [recorder, paidOnly, effectsTx as ServiceSchema],
    });
    await gateway.start();
    traffic = makeTraffic({ types: TYPES, events: EVENTS, duplicates: 0.1 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["events", "recorder", "effects-tx"], TYPES);
    await allCommitted(space, ["paid-only"], ["order.paid"]);
  });
  after(async () => {
    await gateway?.stop();
    await space.close();
  });
  beforeEach(() => {
    handed = [];
    handle = () => undefined;
  });

  const letters = () => space.db.collection("dead_letters").find({ group: "recorder" }).toArray();
  const onceEach = (ids: string[]) => assert.deepEqual(ids.sort(), [...traffic.good.keys()].sort());

  it("tells what it would do, and does nothing: how many, which types, from when to when", async () => {
    const filter = { event_type: "order.paid" };
    const run = await gateway.call<DryRun, object>("events.replay", { filter, dry_run: true });
    assert.equal(run.total, EVENTS / 2);
    assert.deepEqual(
      run.by_type.map(({ event_type, count }) => [event_type, count]),
      [["order.paid", EVENTS / 2]],
    );
    assert.ok(run.oldest && run.newest && run.oldest <= run.newest);
    const nothing = { filter: { aggregate_id: "no such" }, dry_run: true };
    assert.deepEqual(await gateway.call("events.replay", nothing), {
      dry_run: true,
      total: 0,
      oldest: null,
      newest: null,
      by_type: [],
    });
    assert.equal(await space.db.collection("replays").countDocuments(), 0);
  });

  it("hands every event to the group once more, in the stored order of each key, with the mark of the replay", async () => {
    const { id } = await beginReplay(gateway, { groups: ["recorder"], by: "ada" });
    const done = await replayIn(gateway, id, "completed");
    onceEach(handed.map(({ event_id }) => event_id));
    assert.deepEqual([...new Set(handed.map(({ replay, meta }) => `${replay} ${meta}`))], [`${id} ${id}`]);
    assert.ok(handed.every(({ redelivered }) => redelivered));
    const last = new Map<string, number>();
    for (const { topic, offset, event_id } of handed) {
      const lane = `${topic} ${traffic.good.get(event_id)?.aggregate_id}`;
      assert.ok(Number(offset) > (last.get(lane) ?? -1), `${lane} at ${offset}`);
      last.set(lane, Number(offset));
    }
    assert.deepEqual([done.total, done.counts.read, done.counts.delivered], [EVENTS, EVENTS, EVENTS]);
    assert.deepEqual(
      done.history.map(({ action, by }) => [action, by]),
      [
        ["created", "ada"],
        ["taken", gateway.nodeID],
        ["completed", undefined],
      ],
    );
  });

  it("is kept apart from the next one: each hands everything over again", async () => {
    for (const _ of [1, 2]) {
      const { id } = await beginReplay(gateway, { groups: ["recorder"] });
      await replayIn(gateway, id, "completed");
    }
    assert.equal(handed.length, 2 * EVENTS);
  });

  it("with again: false leaves what the group has handled as it is", async () => {
    const { id } = await beginReplay(gateway, { groups: ["recorder"], again: false });
    const { counts } = await replayIn(gateway, id, "completed");
    assert.deepEqual([counts.duplicates, counts.delivered, handed.length], [EVENTS, 0, 0]);
    await space.db.collection("idempotency_keys").deleteMany({ group: "recorder" });
    const again = await beginReplay(gateway, { groups: ["recorder"], again: false });
    assert.equal((await replayIn(gateway, again.id, "completed")).counts.delivered, EVENTS);
  });

  it("chooses by its filter, and passes over what a group does not ask for", async () => {
    const [first] = traffic.good.values();
    const filter = { event_ids: [first?.event_id, "no such"] };
    const one = await beginReplay(gateway, { groups: ["recorder"], filter });
    await replayIn(gateway, one.id, "completed");
    assert.deepEqual(
      handed.map(({ event_id }) => event_id),
      [first?.event_id],
    );
    const both = await beginReplay(gateway, { groups: ["paid-only", "recorder"] });
    const { counts } = await replayIn(gateway, both.id, "completed");
    assert.deepEqual(
      [counts.read, counts.delivered, counts.passed_over],
      [EVENTS, EVENTS + EVENTS / 2, EVENTS / 2],
    );
  });

  it("in the order of time hands over by the events' own time, across chunks and equal times", async () => {
    const events = space.db.collection("events");
    const ids = [...traffic.good.keys()].slice(0, 30);
    for (const [index, event_id] of ids.entries()) {
      const timestamp = new Date(Date.UTC(2026, 0, 1, 0, Math.floor((30 - index) / 7)));
      await events.updateOne({ event_id }, { $set: { timestamp } });
    }
    const stored = await events
      .find({ event_id: { $in: ids } })
      .sort({ timestamp: 1, _id: 1 })
      .toArray();
    const wanted = stored.map(({ event_id }) => event_id);
    const session = {
      groups: ["paid-only", "recorder"],
      filter: { event_ids: ids },
      order: "timestamp",
      rate: 40,
    };
    const { id } = await beginReplay(gateway, session);
    await replayIn(gateway, id, "completed");
    // A chunk of a quarter of a second's events: 10. Within a chunk different keys run side by side.
    for (const from of [0, 10, 20]) {
      const chunk = handed.slice(from, from + 10).map(({ event_id }) => event_id);
      assert.deepEqual(chunk.sort(), wanted.slice(from, from + 10).sort());
    }
  });

  it("makes a dead letter of what fails again; its retry, alone or in a redrive, goes by the replay's keys", async () => {
    const bad = [...traffic.good.keys()].slice(0, 3);
    handle = ({ event_id }) => {
      if (bad.includes(event_id)) throw new Error("not this one");
    };
    const { id } = await beginReplay(gateway, { groups: ["recorder"] });
    const { counts } = await replayIn(gateway, id, "completed");
    assert.deepEqual([counts.delivered, counts.failed], [EVENTS - bad.length, bad.length]);
    const failed = await letters();
    assert.deepEqual(failed.map(({ event_id }) => event_id).sort(), [...bad].sort());
    const [first] = failed;
    assert.deepEqual(JSON.parse(first?.raw.buffer.toString()), traffic.good.get(first?.event_id));

    // The group has handled all of them before the replay: by its own keys they would be duplicates.
    handed = [];
    handle = () => undefined;
    const [result] = await gateway.call<ItemResult[], object>("dlq.retry", { id: first?._id.toHexString() });
    assert.equal(result?.result, "delivered");
    const { id: job } = await gateway.call<RedriveRow, object>("dlq.redrive", {
      filter: { group: "recorder" },
    });
    const done = await waitFor(
      async () => {
        const row = await gateway.call<RedriveRow, object>("dlq.redriveStatus", { id: job });
        return row.status === "completed" ? row : null;
      },
      { what: "the redrive's end" },
    );
    assert.deepEqual([done.total, done.counts.delivered], [bad.length - 1, bad.length - 1]);
    assert.deepEqual(handed.map(({ event_id }) => event_id).sort(), [...bad].sort());
    assert.ok(handed.slice(1).every(({ meta }) => meta === `redrive/${job}`));
    await space.db.collection("dead_letters").deleteMany({});
  });

  it("pauses by itself when a group fails event after event, and goes on when it is told to", async () => {
    let down = true;
    handle = () => {
      if (down) throw new Error("the database of the plugin is down");
    };
    const { id } = await beginReplay(gateway, { groups: ["recorder"] });
    const paused = await replayIn(gateway, id, "paused");
    assert.match(String(paused.waiting), /Group recorder failed \d+ events in a row/);
    assert.ok((await letters()).length < EVENTS / 2, "not everything became a dead letter");
    down = false;
    await gateway.call("events.resumeReplay", { id });
    await replayIn(gateway, id, "completed");
    onceEach(handed.map(({ event_id }) => event_id));
    await space.db.collection("dead_letters").deleteMany({});
  });

  it("waits for a group that is away, says so, and goes on when it is back", async () => {
    const service = gateway.getLocalService("paid-only");
    assert.ok(service);
    await gateway.destroyService(service);
    await assert.rejects(beginReplay(gateway, { groups: ["paid-only"] }), { type: "WEIR_GROUP_UNKNOWN" });
    gateway.createService(paidOnly);
    await gateway.waitForServices("paid-only");
    const { id } = await beginReplay(gateway, { groups: ["paid-only"], rate: 60 });
    await waitFor(async () => (await read(id)) > 0, { what: "the replay to be under way" });
    await gateway.destroyService(
      gateway.getLocalService("paid-only") as object as ServiceBroker["services"][0],
    );
    await waitFor(
      async () =>
        /paid-only/.test(
          String((await gateway.call<{ waiting: string }, object>("events.getReplay", { id })).waiting),
        ),
      { what: "the replay to say what it waits for" },
    );
    gateway.createService(paidOnly);
    const done = await replayIn(gateway, id, "completed");
    assert.equal(done.counts.delivered, EVENTS / 2);
    assert.equal(done.waiting, null);
  });
  const read = async (id: string) =>
    (await gateway.call<{ counts: { read: number } }, object>("events.getReplay", { id })).counts.read;

  it("is paused, resumed and cancelled; a closed one stays closed", async () => {
    const { id } = await beginReplay(gateway, { groups: ["recorder"], rate: 40 });
    await waitFor(async () => (await read(id)) > 0, { what: "the replay to be under way" });
    await gateway.call("events.pauseReplay", { id, by: "ada", reason: "lunch" });
    await waitFor(
      async () => (await gateway.call<{ node: unknown }, object>("events.getReplay", { id })).node === null,
      {
        what: "the gateway to let go of it",
      },
    );
    const at = await read(id);
    assert.ok(at < EVENTS);
    await assert.rejects(gateway.call("events.pauseReplay", { id }), {
      type: "WEIR_REPLAY_STATE",
      code: 409,
    });
    await gateway.call("events.resumeReplay", { id });
    await waitFor(async () => (await read(id)) > at, { what: "it to go on" });
    await gateway.call("events.cancelReplay", { id });
    const cancelled = await replayIn(gateway, id, "cancelled");
    assert.deepEqual(
      cancelled.history.map(({ action }) => action).filter((action) => action !== "taken"),
      ["created", "paused", "resumed", "cancelled"],
    );
    await assert.rejects(gateway.call("events.resumeReplay", { id }), { type: "WEIR_REPLAY_STATE" });
    const doubled = handed.length - new Set(handed.map(({ event_id }) => event_id)).size;
    assert.equal(doubled, 0);
  });

  it("sends to a topic: the events as they came, under their keys, with the replay's id", async () => {
    await space.admin.createTopics({ waitForLeaders: true, topics: [{ topic: `${space.name}.copies` }] });
    const { id } = await beginReplay(gateway, { topic: `${space.name}.copies` });
    assert.equal((await replayIn(gateway, id, "completed")).counts.sent, EVENTS);
    const copies: { key: string; event: EventEnvelope; replay: string }[] = [];
    const consumer = kafkaClient(space.configuration.kafka.brokers).consumer({
      groupId: `${space.name}.copies`,
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [`${space.name}.copies`], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        const replay = String(message.headers?.["weir-replay"]);
        copies.push({ key: String(message.key), event: JSON.parse(String(message.value)), replay });
      },
    });
    await waitFor(() => copies.length >= EVENTS, { what: "all copies" });
    await consumer.disconnect();
    onceEach(copies.map(({ event }) => event.event_id));
    for (const { key, event, replay } of copies) {
      assert.deepEqual([event, key, replay], [traffic.good.get(event.event_id), event.aggregate_id, id]);
    }
    await assert.rejects(beginReplay(gateway, { topic: "no-such-topic" }), { type: "WEIR_TOPIC_UNKNOWN" });
  });

  it("takes effect exactly once in a group with transactions", async () => {
    await space.db.collection("effects").deleteMany({});
    const { id } = await beginReplay(gateway, { groups: ["effects-tx"] });
    await replayIn(gateway, id, "completed");
    await assertOnce(space, "effects-tx", traffic);
  });

  it("lets live events through while it is at work, and while all that it has handed over hangs", async () => {
    const publish = (event_id: string) => {
      const { event_type, payload } = [...traffic.good.values()][0] as EventEnvelope;
      return gateway.call("bridge.publish", { event_type, payload, event_id });
    };
    const live = (wanted: string) =>
      waitFor(() => handed.some(({ event_id }) => event_id === wanted), { what: `the live event ${wanted}` });
    const statusOf = async (id: string) =>
      (await gateway.call<{ status: string }, object>("events.getReplay", { id })).status;

    const slow = await beginReplay(gateway, { groups: ["recorder"], rate: 40 });
    await waitFor(async () => (await read(slow.id)) > 0, { what: "the replay to be under way" });
    await publish("live-1");
    await live("live-1");
    assert.equal(await statusOf(slow.id), "running");
    await gateway.call("events.cancelReplay", { id: slow.id });

    let hanging = 0;
    let letGo = (): void => undefined;
    const gone = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    handle = (_event, { replay }) => {
      if (replay === undefined) return;
      hanging += 1;
      return gone;
    };
    try {
      const { id } = await beginReplay(gateway, { groups: ["recorder"] });
      await waitFor(() => hanging > 0, { what: "the replay's events to be in hand" });
      await publish("live-2");
      await live("live-2");
      assert.deepEqual([await read(id), await statusOf(id)], [0, "running"]);
      letGo();
      assert.equal((await replayIn(gateway, id, "completed")).counts.failed, 0);
    } finally {
      letGo();
    }
    await space.db.collection("events").deleteMany({ event_id: /^live-/ });
  });

  it("lets the keys of an ended replay expire within the hour", async () => {
    const { id } = await beginReplay(gateway, { groups: ["recorder"] });
    await replayIn(gateway, id, "completed");
    await waitFor(
      async () => {
        const claims = await space.db
          .collection("idempotency_keys")
          .find({ "by.topic": `replay:${id}` })
          .toArray();
        return (
          claims.length > 0 && claims.every(({ expires_at }) => expires_at < new Date(Date.now() + 3_600_001))
        );
      },
      { what: "the keys to expire soon" },
    );
  });

  it("executes nothing of what is hostile or senseless", async () => {
    const sessions = await space.db.collection("replays").countDocuments();
    const groups = ["recorder"];
    const filter = {};
    const invalid: [action: string, params: unknown][] = [
      ["replay", { groups }],
      ["replay", { filter }],
      ["replay", { filter, groups, topic: "t" }],
      ["replay", { filter: { $where: "sleep(1000)" }, groups }],
      ["replay", { filter: { event_type: { $ne: null } }, groups }],
      ["replay", { filter: { event_type: { $regex: "(a+)+$" } }, groups }],
      ["replay", { filter: { event_ids: Array.from({ length: 1_001 }, (_, n) => `e${n}`) }, groups }],
      ["replay", { filter: { event_ids: [{ $gt: "" }] }, groups }],
      ["replay", { filter: JSON.parse('{"__proto__":{"event_type":"order.paid"}}'), groups }],
      ["replay", { filter: { constructor: "x" }, groups }],
      ["replay", { filter: { from: "yesterday" }, groups }],
      ["replay", { filter: [], groups }],
      ["replay", { filter, groups: [] }],
      ["replay", { filter, groups: "recorder" }],
      ["replay", { filter, groups: ["events"] }],
      ["replay", { filter, groups: [{ $ne: 1 }] }],
      ["replay", { filter, groups, rate: -1 }],
      ["replay", { filter, groups, rate: "fast" }],
      ["replay", { filter, groups, order: "random" }],
      ["replay", { filter, groups, by: { $set: 1 } }],
      ["replay", { filter, groups, by: "x".repeat(257) }],
      ["replay", { filter, topic: "no/such" }],
      ["replay", { filter, groups, query: {} }],
      ["replays", { page: -1 }],
      ["replays", { pageSize: 100_000 }],
      ["replays", { status: { $ne: "running" } }],
      ["getReplay", { id: { $gt: "" } }],
      ["getReplay", { id: "123456789012" }],
      ["pauseReplay", {}],
      ["resumeReplay", { id: ["0".repeat(24)] }],
      ["cancelReplay", { id: "0".repeat(24), force: true }],
    ];
    for (const [action, params] of invalid) {
      await assert.rejects(
        gateway.call(`events.${action}`, params as object),
        { name: "ValidationError", code: 422 },
        `${action} ${JSON.stringify(params).slice(0, 100)}`,
      );
    }
    await assert.rejects(gateway.call("events.getReplay", { id: "0".repeat(24) }), {
      type: "WEIR_REPLAY_NOT_FOUND",
    });
    await assert.rejects(beginReplay(gateway, { groups: ["no-such"] }), { type: "WEIR_GROUP_UNKNOWN" });
    assert.equal(await space.db.collection("replays").countDocuments(), sessions);
  });
});
