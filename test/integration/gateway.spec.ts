import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import type { Delivery } from "../../schemas/delivery";
import type { BridgeStatus } from "../../services/bridge/status";
import { createGateway } from "../../services/runtime/gateway";
import effectsBatch from "../fixtures/effects-batch.service";
import effectsSingle from "../fixtures/effects-single.service";
import {
  allCommitted,
  assertDeadLettered,
  assertOnce,
  assertStored,
  createSpace,
  exampleOf,
  makeTraffic,
  type Space,
  sendTraffic,
  startReady,
  waitFor,
} from "../support";

const TYPES = ["order.placed", "order.paid", "order.shipped"];

describe("gateway", () => {
  let space: Space;
  let broker: ServiceBroker | undefined;

  beforeEach(async () => {
    space = await createSpace();
  });
  afterEach(async () => {
    await broker?.stop();
    broker = undefined;
    await space.close();
  });

  async function start(
    plugins: object[],
    changes: Parameters<Space["configurationWith"]>[0] = {},
  ): Promise<ServiceBroker> {
    const started = createGateway(space.configurationWith(changes), { plugins: plugins as ServiceSchema[] });
    broker = started;
    await startReady(started);
    return started;
  }

  const status = (of: ServiceBroker): Promise<BridgeStatus> => of.call("bridge.status");
  const lagOf = async (of: ServiceBroker, group: string) =>
    (await status(of)).groups.find((candidate) => candidate.group === group)?.lag;

  it("takes 10,000 events with duplicates and bad ones to three groups: each good one once, each bad one in the DLQ once", async () => {
    const gateway = await start([effectsBatch, effectsSingle]);
    const traffic = makeTraffic({ types: TYPES, events: 10_000, duplicates: 0.1, bad: 0.05 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["events", "effects-batch", "effects-single"], TYPES);

    await assertStored(space, traffic);
    await assertOnce(space, "effects-batch", traffic);
    await assertOnce(space, "effects-single", traffic);
    await assertDeadLettered(space, traffic);

    const total = traffic.good.size + traffic.duplicates + traffic.bad.length;
    for (const { group, counts, lag } of (await status(gateway)).groups) {
      const { completed, duplicate, failed, refused, passed_over } = counts;
      assert.deepEqual(
        { group, completed, duplicate, failed, refusedOrPassedOver: refused + passed_over, lag },
        {
          group,
          completed: traffic.good.size,
          duplicate: traffic.duplicates,
          failed: 0,
          refusedOrPassedOver: traffic.bad.length,
          lag: 0,
        },
      );
      assert.equal(completed + duplicate + failed + refused + passed_over, total);
    }
  });

  it("lets a handler that hangs, or always fails, hold back its own group only", async () => {
    const released = new AbortController();
    const hanging = {
      name: "hanging",
      mixins: [
        eventHandler({
          budget: 30_000,
          handlers: {
            "order.*": {
              timeout: 30_000,
              handler: () =>
                released.signal.aborted ||
                new Promise((resolve) => released.signal.addEventListener("abort", resolve)),
            },
          },
        }),
      ],
    };
    const failing = {
      name: "failing",
      mixins: [
        eventHandler({
          handlers: {
            "order.*": {
              retry: { attempts: 1 },
              handler: () => {
                throw new Error("always");
              },
            },
          },
        }),
      ],
    };
    const gateway = await start([hanging, failing, effectsBatch]);
    const traffic = makeTraffic({ types: TYPES, events: 300 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["events", "effects-batch", "failing"], TYPES);
    assert.equal(await lagOf(gateway, "hanging"), 300);
    for (const group of ["events", "effects-batch", "failing"]) assert.equal(await lagOf(gateway, group), 0);
    const letters = await space.db.collection("dead_letters").find({ group: "failing" }).toArray();
    assert.equal(letters.length, 300);
    released.abort();
    await allCommitted(space, ["hanging"], TYPES);
  });

  it("dead-letters whatever is no event once, with its bytes and a reason, and goes on around it", async () => {
    await start([effectsBatch]);
    const event = { ...exampleOf("order.placed"), event_id: "around" };
    const bad: [reason: string, value: Buffer | null][] = [
      ["unparseable", Buffer.from("no JSON")],
      ["unparseable", Buffer.from([0xff, 0xfe, 0x00])],
      ["unparseable", Buffer.from(`\ufeff${JSON.stringify(event)}`)],
      ["unparseable", Buffer.alloc(0)],
      ["unparseable", null],
      ["invalid", Buffer.from('"a text"')],
      ["invalid", Buffer.from(`${"[".repeat(10_000)}${"]".repeat(10_000)}`)],
      ["invalid", Buffer.from(JSON.stringify({ ...event, payload: {} }))],
      ["unknown_type", Buffer.from(JSON.stringify({ ...event, event_type: "order.unheard_of" }))],
      ["unknown_type", Buffer.from(JSON.stringify({ ...event, event_version: "77.0" }))],
      ["unstorable", Buffer.from(JSON.stringify({ ...event, metadata: { ...event.metadata, "a\0b": 1 } }))],
      ["unstorable", Buffer.from(JSON.stringify({ ...event, metadata: { ...event.metadata, $where: 1 } }))],
      [
        "unstorable",
        Buffer.from(JSON.stringify(event).replace('"metadata":{', '"metadata":{"__proto__":{"x":1},')),
      ],
      [
        "unstorable",
        Buffer.from(
          JSON.stringify(event).replace(
            '"metadata":{',
            `"metadata":{"deep":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)},`,
          ),
        ),
      ],
    ];
    await space.produce("order.placed", [
      { value: JSON.stringify({ ...event, event_id: "before" }) },
      ...bad.map(([, value]) => ({ key: "k", value, headers: { "x-from": "test" } })),
      { value: JSON.stringify({ ...event, event_id: "after" }) },
    ]);
    await allCommitted(space, ["events", "effects-batch"], ["order.placed"]);
    const effects = await space.db.collection("effects").find({}).toArray();
    assert.deepEqual(effects.map(({ event_id }) => event_id).sort(), ["after", "before"]);
    const letters = await space.db.collection("dead_letters").find({}).sort({ offset: 1 }).toArray();
    assert.equal(letters.length, bad.length);
    for (const [reason, value] of bad) {
      const same = letters.filter(({ raw }) =>
        value === null ? raw === null : raw && Buffer.from(raw.buffer).equals(value),
      );
      assert.equal(same.length, 1, `one letter for ${reason} ${value?.toString("utf8").slice(0, 60)}`);
      const [letter] = same;
      assert.equal(letter?.reason, reason);
      assert.ok(letter?.error.message);
      assert.equal(letter?.key, "k");
      assert.deepEqual(Object.fromEntries(letter?.headers), { "x-from": "test" });
    }
  });

  it("takes headers by the thousand, and of any name, without being held up", async () => {
    const seen: Delivery["headers"][] = [];
    const plugin = {
      name: "headers",
      mixins: [
        eventHandler({ handlers: { "order.placed": (_event, { headers }) => void seen.push(headers) } }),
      ],
    };
    await start([plugin]);
    const event = { ...exampleOf("order.placed"), event_id: "many-headers" };
    const names = ["constructor", "toString", "hasOwnProperty", "x.dotted", "$dollar"];
    const many = Object.fromEntries(
      [...names, ...Array.from({ length: 10_000 }, (_, n) => `h${n}`)].map((name) => [name, "v"]),
    );
    await space.produce("order.placed", [
      { value: JSON.stringify(event), headers: { ...many, repeated: ["a", "b"] } },
      { value: "no event", headers: many },
      { value: JSON.stringify({ ...event, event_id: "after" }) },
    ]);
    await allCommitted(space, ["events", "headers"], ["order.placed"]);
    assert.equal(seen.length, 2);
    const [headers] = seen.sort((a, b) => Object.keys(b).length - Object.keys(a).length);
    assert.equal(Object.keys(headers ?? {}).length, 10_006);
    for (const name of names) assert.equal(headers?.[name], "v");
    assert.equal(headers?.repeated, "a,b");
    const [letter] = await space.db.collection("dead_letters").find({}).toArray();
    assert.equal(letter?.headers.length, 10_005);
  });

  it("hands a plugin that comes later, or was removed for a while, everything; no other group rebalances", async () => {
    const gateway = await start([effectsBatch], { pluginGraceMs: 300 });
    const first = makeTraffic({ types: TYPES, events: 200, seed: 1 });
    await sendTraffic(space, first);
    await allCommitted(space, ["events", "effects-batch"], TYPES);
    const joinsBefore = await generationOf("effects-batch");

    const late = gateway.createService(effectsSingle as unknown as ServiceSchema);
    await allCommitted(space, ["effects-single"], TYPES);
    await assertOnce(space, "effects-single", first);

    await gateway.destroyService(late);
    await waitFor(
      async () =>
        (await status(gateway)).groups.find(({ group }) => group === "effects-single")?.state === "away",
      {
        what: "the group to be told as away",
      },
    );
    const second = makeTraffic({ types: TYPES, events: 200, seed: 2 });
    await sendTraffic(space, second);
    await allCommitted(space, ["events", "effects-batch"], TYPES);
    assert.equal(await lagOf(gateway, "effects-single"), 200);
    await waitFor(async () => (await membersOf("effects-single")) === 0, {
      what: "the group to be left after its grace",
    });

    gateway.createService(effectsSingle as unknown as ServiceSchema);
    await allCommitted(space, ["effects-single"], TYPES);
    const all = { ...second, good: new Map([...first.good, ...second.good]) };
    await assertOnce(space, "effects-single", all);
    assert.equal(await space.db.collection("dead_letters").countDocuments(), 0);
    assert.equal(await generationOf("effects-batch"), joinsBefore, "the other group kept its members");
  });

  it("reads several event types from one shared topic; each group gets what it asked for", async () => {
    const seen: string[] = [];
    const users = {
      name: "users-only",
      mixins: [eventHandler({ handlers: { "user.*": (event) => void seen.push(event.event_id) } })],
    };
    const shared = { topics: { shared: { everything: ["order.placed", "user.registered"] } } };
    const gateway = await start([users, effectsBatch], shared);
    for (const [index, event_type] of ["order.placed", "user.registered", "order.placed"].entries()) {
      const { payload, aggregate_id } = exampleOf(event_type);
      await gateway.call("bridge.publish", { event_type, payload, aggregate_id, event_id: `e${index}` });
    }
    await allCommitted(space, ["events", "effects-batch", "users-only"], ["everything"]);
    assert.deepEqual(seen, ["e1"]);
    const counts = (await status(gateway)).groups.find(({ group }) => group === "users-only")?.counts;
    assert.deepEqual([counts?.completed, counts?.passed_over], [1, 2]);
  });

  it("begins a new group at the beginning, or now where it says so", async () => {
    const traffic = makeTraffic({ types: ["order.placed"], events: 50, seed: 1 });
    await space.createTopics(["order.placed"]);
    await sendTraffic(space, traffic);
    const seen: Record<string, string[]> = { beginning: [], now: [] };
    const plugin = (startFrom: "beginning" | "now") => ({
      name: `from-${startFrom}`,
      mixins: [
        eventHandler({
          startFrom,
          handlers: { "order.placed": (event) => void seen[startFrom]?.push(event.event_id) },
        }),
      ],
    });
    await start([plugin("beginning"), plugin("now")]);
    const later = makeTraffic({ types: ["order.placed"], events: 20, seed: 2 });
    await sendTraffic(space, later);
    await allCommitted(space, ["from-beginning", "from-now"], ["order.placed"]);
    assert.equal(seen.beginning?.length, 70);
    assert.deepEqual(seen.now?.sort(), [...later.good.keys()].sort());
  });

  it("keeps the order of each key for each group, also across batches", async () => {
    const order = new Map<string, number[]>();
    const ordered = {
      name: "ordered",
      mixins: [
        eventHandler({
          handlers: {
            "order.placed": async (event, { key }) => {
              await new Promise((resolve) => setImmediate(resolve));
              const ofKey = order.get(String(key)) ?? [];
              ofKey.push(Number(event.event_id.split("-")[1]));
              order.set(String(key), ofKey);
            },
          },
        }),
      ],
    };
    await start([ordered]);
    await sendTraffic(space, makeTraffic({ types: ["order.placed"], events: 3_000, keys: 20 }));
    await allCommitted(space, ["ordered"], ["order.placed"]);
    assert.equal(order.size, 20);
    for (const ofKey of order.values())
      assert.deepEqual(
        ofKey,
        [...ofKey].sort((a, b) => a - b),
      );
  });

  it("publishes what is valid and says where it is; refuses the rest before anything is sent", async () => {
    const gateway = await start([]);
    const { payload } = exampleOf("order.placed");
    const one = await gateway.call<
      { event_id: string; topic: string; partition: number; offset: string },
      object
    >("bridge.publish", {
      event_type: "order.placed",
      payload,
      aggregate_id: "o1",
    });
    assert.equal(one.topic, space.topic("order.placed"));
    assert.match(one.offset, /^\d+$/);
    const many = await gateway.call<{ offset: string; partition: number }[], object>("bridge.publishMany", {
      events: [1, 2, 3].map(() => ({ event_type: "order.placed", payload, key: "same" })),
    });
    assert.equal(new Set(many.map(({ partition }) => partition)).size, 1);
    const offsets = many.map(({ offset }) => Number(offset));
    assert.deepEqual(offsets, [offsets[0], (offsets[0] ?? 0) + 1, (offsets[0] ?? 0) + 2]);
    await assert.rejects(
      gateway.call("bridge.publishMany", {
        events: [
          { event_type: "order.placed", payload },
          { event_type: "order.placed", payload: { nothing: 1 } },
        ],
      }),
      { name: "ValidationError", type: "WEIR_EVENT_INVALID" },
    );
    await assert.rejects(
      gateway.call("bridge.publish", { event_type: "order.placed", payload, unheard: 1 }),
      { name: "ValidationError" },
    );
    await allCommitted(space, ["events"], ["order.placed"]);
    assert.equal(await space.db.collection("events").countDocuments(), 4);
  });

  it("waits for topics that it may not create, and takes them when somebody has", async () => {
    await space.createTopics(["order.placed"]);
    const gateway = await start([effectsBatch], { topics: { create: false } });
    assert.deepEqual(
      (await status(gateway)).groups.map(
        ({ partitions }) => new Set(partitions.map(({ topic }) => topic)).size,
      ),
      [1, 1],
    );
    await space.createTopics(["order.paid"]);
    const traffic = makeTraffic({ types: ["order.placed", "order.paid"], events: 50 });
    await sendTraffic(space, traffic);
    await gateway.broadcastLocal("$services.changed", {});
    await allCommitted(space, ["events", "effects-batch"], ["order.placed", "order.paid"]);
    await assertOnce(space, "effects-batch", traffic);
  });

  it("three at once on an empty database and an empty Kafka come up, and share the work", async () => {
    const gateways = [1, 2, 3].map((number) =>
      createGateway(space.configurationWith({ nodeID: `${space.name}-${number}` }), {
        plugins: [effectsBatch] as unknown as ServiceSchema[],
      }),
    );
    try {
      await Promise.all(gateways.map((gateway) => gateway.start()));
      for (const gateway of gateways) {
        await waitFor(async () => (await status(gateway)).state === "ready", { what: "each to be ready" });
        const states = await gateway.call<{ indexes: { state: string }[] }[], object>("events.indexes", {});
        assert.ok(states.every(({ indexes }) => indexes.every(({ state }) => state === "in_sync")));
      }
      const traffic = makeTraffic({ types: TYPES, events: 3_000, duplicates: 0.1, bad: 0.05 });
      await sendTraffic(space, traffic);
      await allCommitted(space, ["events", "effects-batch"], TYPES);
      await assertStored(space, traffic);
      await assertOnce(space, "effects-batch", traffic);
      await assertDeadLettered(space, traffic);
    } finally {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
    }
  });

  it("pauses a group whose handler fails again and again, probes it, and goes on by itself", async () => {
    let down = true;
    let runs = 0;
    const dependent = {
      name: "dependent",
      mixins: [
        eventHandler({
          handlers: {
            "order.*": {
              retry: { attempts: 1 },
              handler: () => {
                runs += 1;
                if (down) throw new Error("what it needs is down");
              },
            },
          },
        }),
      ],
    };
    const told: string[] = [];
    const listener = {
      name: "listener",
      events: {
        "bridge.breaker.opened": () => void told.push("opened"),
        "bridge.breaker.closed": () => void told.push("closed"),
      },
    };
    const gateway = await start([dependent, listener], { breaker: { failures: 20, probeMs: 200 } });
    await sendTraffic(space, makeTraffic({ types: TYPES, events: 900 }));
    await waitFor(() => told.includes("opened"), { what: "the breaker to open" });
    await allCommitted(space, ["events"], TYPES);
    const now = await status(gateway);
    assert.equal(now.state, "degraded");
    assert.match(now.reasons.join(), /group dependent: its circuit breaker is open/);
    assert.notEqual(now.groups.find(({ group }) => group === "dependent")?.breaker.state, "closed");
    down = false;
    await allCommitted(space, ["dependent"], TYPES);
    assert.deepEqual(told, ["opened", "closed"]);
    assert.equal((await status(gateway)).state, "ready");
    const letters = await space.db.collection("dead_letters").countDocuments({ group: "dependent" });
    assert.ok(letters < 120, `${letters} letters for 900 events`);
    assert.ok(runs >= 900);
  });

  it("redrives: a failed event to its group, a refused message back to its topic, where all groups find it", async () => {
    let fails = true;
    const seen: string[] = [];
    const fickle = {
      name: "fickle",
      mixins: [
        eventHandler({
          handlers: {
            "order.placed": {
              retry: false,
              handler({ event_id }, { replay }) {
                if (fails) throw new Error("not now");
                seen.push(`${event_id}${replay ? " again" : ""}`);
              },
            },
          },
        }),
      ],
    };
    const gateway = await start([fickle]);
    const { payload } = exampleOf("order.placed");
    await gateway.call("bridge.publish", { event_type: "order.placed", payload, event_id: "failed" });
    await allCommitted(space, ["events", "fickle"], ["order.placed"]);
    fails = false;
    const retried = await gateway.call<{ ok: boolean }[], object>("dlq.retry", {
      filter: { group: "fickle" },
    });
    assert.deepEqual(
      retried.map(({ ok }) => ok),
      [true],
    );
    assert.deepEqual(seen, ["failed again"]);

    const mended = Buffer.from(JSON.stringify({ ...exampleOf("order.placed"), event_id: "mended" }));
    const where = {
      original_topic: space.topic("order.placed"),
      partition: 0,
      offset: "0",
      key: "k",
      headers: {},
    };
    const letter = { id: "0".repeat(24), reason: "invalid", raw: mended, ...where };
    assert.deepEqual(await gateway.call("bridge.redeliver", { letter }), { status: "delivered" });
    await waitFor(() => seen.includes("mended"), { what: "the plugin to get it from Kafka" });
    await allCommitted(space, ["events"], ["order.placed"]);
    assert.equal(await space.db.collection("events").countDocuments({ event_id: "mended" }), 1);
  });

  it("pauses and resumes a group by hand", async () => {
    const gateway = await start([effectsBatch]);
    await assert.rejects(gateway.call("bridge.pause", { group: "nobody" }), { type: "WEIR_GROUP_UNKNOWN" });
    await gateway.call("bridge.pause", { group: "effects-batch" });
    const traffic = makeTraffic({ types: TYPES, events: 100 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["events"], TYPES);
    assert.equal(await lagOf(gateway, "effects-batch"), 100);
    assert.equal(
      (await status(gateway)).groups.find(({ group }) => group === "effects-batch")?.state,
      "paused",
    );
    await gateway.call("bridge.resume", { group: "effects-batch" });
    await allCommitted(space, ["effects-batch"], TYPES);
    await assertOnce(space, "effects-batch", traffic);
  });

  async function generationOf(group: string): Promise<string> {
    const { groups } = await space.admin.describeGroups([space.group(group)]);
    return JSON.stringify(groups[0]?.members.map(({ memberId }) => memberId).sort());
  }

  async function membersOf(group: string): Promise<number> {
    const { groups } = await space.admin.describeGroups([space.group(group)]);
    return groups[0]?.members.length ?? 0;
  }
});
