import assert from "node:assert/strict";
import type { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import type { ServiceBroker } from "moleculer";
import type { Collection } from "mongodb";
import type { EventChain } from "../../services/events/chain";
import events from "../../services/events/events.service";
import { queryOf } from "../../services/events/filter";
import type { Histogram } from "../../services/events/histogram";
import { behind, type EventPage, NEWEST_FIRST } from "../../services/events/list-events";
import type { EventRecord, StoredEvent } from "../../services/events/stored-event";
import { createSpace, type Space } from "../support";
import { createBroker } from "../support/broker";

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 2, 1);

describe("events service: browsing", () => {
  let space: Space;
  let broker: ServiceBroker;
  let collection: Collection<StoredEvent>;

  before(async () => {
    space = await createSpace();
    broker = createBroker(space.configuration, [events]).broker;
    await broker.start();
    collection = space.db.collection("events");
  });
  after(async () => {
    await broker.stop();
    await space.close();
  });
  beforeEach(async () => {
    await collection.deleteMany({});
    await space.db.collection("events_archive").deleteMany({});
  });

  const stored = (number: number, changes: Partial<StoredEvent> = {}): StoredEvent => ({
    event_id: `e-${number}`,
    event_type: number % 3 === 0 ? "order.paid" : "order.placed",
    event_version: "1.0",
    timestamp: new Date(START + Math.floor(number / 5) * HOUR_MS),
    timestamp_text: new Date(START + Math.floor(number / 5) * HOUR_MS).toISOString(),
    aggregate_id: `ord-${number % 10}`,
    metadata: {
      service_name: `svc-${number % 4}`,
      service_version: "1",
      user_id: `usr-${number % 7}`,
      ...(number % 2 === 0 && { correlation_id: `c-${number % 6}` }),
    },
    payload: { number },
    status: "stored",
    stored_at: new Date(START),
    ttl_expires_at: new Date(START + 30 * 24 * HOUR_MS * 1_000),
    kafka: { topic: "t", partition: 0, offset: String(number), key: null },
    ...changes,
  });
  const fill = (count: number) =>
    collection.insertMany(Array.from({ length: count }, (_, number) => stored(number)) as never[]);
  const list = (params: object) => broker.call<EventPage, object>("events.list", params);
  const idsOf = (rows: EventRecord[]) => rows.map(({ event }) => event.event_id);

  it("goes on from a cursor without a gap or a repetition, though events of one time are cut apart and new ones come in", async () => {
    await fill(100);
    const seen: string[] = [];
    let page = await list({ pageSize: 7 });
    assert.deepEqual([page.total, page.page], [100, 1]);
    for (let step = 0; ; step += 1) {
      seen.push(...idsOf(page.rows));
      if (page.next_cursor === null) break;
      await collection.insertOne(stored(1_000 + step) as never);
      page = await list({ pageSize: 7, cursor: page.next_cursor });
      assert.equal(page.total, undefined);
    }
    const first = Array.from({ length: 100 }, (_, number) => `e-${number}`);
    assert.deepEqual([...seen].sort(), first.sort());
    const times = seen.map((id) => Number(id.slice(2)));
    assert.ok(
      times.every((number, at) => at === 0 || number < (times[at - 1] ?? 0)),
      "the newest first",
    );
    assert.equal((await list({ pageSize: 1, event_type: "none" })).next_cursor, null);
  });

  it("answers every filter by an index, whatever else is stored", async () => {
    await fill(300);
    const time = { from: new Date(START), to: new Date(START + 5 * HOUR_MS) };
    const filters: object[] = [
      {},
      { event_type: "order.paid" },
      { event_ids: ["e-1", "e-2"] },
      { aggregate_id: "ord-1" },
      { user_id: "usr-1" },
      { service_name: "svc-1" },
      { correlation_id: "c-2" },
      time,
      { event_type: "order.paid", aggregate_id: "ord-3" },
      { user_id: "usr-1", event_type: "order.paid", ...time },
    ];
    for (const filter of filters) {
      const cursor = `${START + 2 * HOUR_MS}-${"f".repeat(24)}`;
      for (const query of [queryOf(filter), behind(queryOf(filter), cursor)]) {
        const plan = JSON.stringify(await collection.find(query).sort(NEWEST_FIRST).explain());
        assert.ok(plan.includes("IXSCAN"), `${JSON.stringify(filter)}: ${plan}`);
        const { winningPlan } = JSON.parse(plan).queryPlanner;
        assert.ok(!JSON.stringify(winningPlan).includes("COLLSCAN"), JSON.stringify(filter));
      }
    }
  });

  it("counts by type and hour, also before 1970, and refuses more intervals than anybody can read", async () => {
    await fill(20);
    await collection.insertOne(stored(99, { timestamp: new Date(-1) }) as never);
    const range = { from: new Date(START).toISOString(), to: new Date(START + 4 * HOUR_MS).toISOString() };
    const { rows, interval } = await broker.call<Histogram, object>("events.histogram", range);
    assert.equal(interval, "hour");
    assert.deepEqual(
      rows.map(({ at, event_type, count }) => [(at.getTime() - START) / HOUR_MS, event_type, count]),
      [
        [0, "order.paid", 2],
        [0, "order.placed", 3],
        [1, "order.paid", 2],
        [1, "order.placed", 3],
        [2, "order.paid", 1],
        [2, "order.placed", 4],
        [3, "order.paid", 2],
        [3, "order.placed", 3],
      ],
    );
    const old = { from: "1969-12-31T00:00:00Z", to: "1970-01-01T00:00:00Z", interval: "day" };
    const [only] = (await broker.call<Histogram, object>("events.histogram", old)).rows;
    assert.deepEqual([only?.at.toISOString(), only?.count], ["1969-12-31T00:00:00.000Z", 1]);
    const endless = { from: "1970-01-01T00:00:00Z", interval: "minute" };
    await assert.rejects(broker.call("events.histogram", endless), { name: "ValidationError" });
  });

  it("shows everything that one correlation id holds together, in the order in which it happened", async () => {
    await fill(60);
    const chain = await broker.call<EventChain, object>("events.chain", { correlation_id: "c-2" });
    assert.deepEqual(
      idsOf(chain.rows),
      [2, 8, 14, 20, 26, 32, 38, 44, 50, 56].map((number) => `e-${number}`),
    );
    assert.deepEqual([chain.total, chain.services, chain.next_cursor], [10, ["svc-0", "svc-2"], null]);
    assert.deepEqual([chain.first, chain.last], [new Date(START), new Date(START + 11 * HOUR_MS)]);
    const part = { correlation_id: "c-2", pageSize: 6 };
    const first = await broker.call<EventChain, object>("events.chain", part);
    const rest = await broker.call<EventChain, object>("events.chain", {
      ...part,
      cursor: first.next_cursor,
    });
    assert.deepEqual(idsOf([...first.rows, ...rest.rows]), idsOf(chain.rows));
    const none = await broker.call<EventChain, object>("events.chain", { correlation_id: "none" });
    assert.deepEqual([none.total, none.first, none.rows], [0, null, []]);
  });

  it("exports NDJSON, the oldest first, and reads no faster than it is read", async () => {
    await fill(50);
    const filter = { event_type: "order.placed" };
    const whole = await text(await broker.call<Readable, object>("events.export", { filter }));
    const lines = whole
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as EventRecord);
    assert.equal(lines.length, 33);
    assert.deepEqual(lines[0]?.event.payload, { number: 1 });
    const times = lines.map(({ event }) => event.timestamp);
    assert.deepEqual(times, [...times].sort());
    assert.equal(
      (await buffer(await broker.call<Readable, object>("events.export", { filter: { user_id: "none" } })))
        .length,
      0,
    );

    const pad = "x".repeat(20_000);
    await collection.insertMany(
      Array.from({ length: 2_000 }, (_, number) => stored(10_000 + number, { payload: { pad } })) as never[],
    );
    const stream = await broker.call<Readable, object>("events.export", { filter: {} });
    const part = await new Promise<Buffer>((resolve) => stream.once("data", resolve));
    stream.pause();
    assert.ok(part.length < 1024 * 1024);
    assert.ok(stream.readableLength < 1024 * 1024, `${stream.readableLength} bytes wait of 40 million`);
    stream.destroy();
  });

  it("takes events out of the store into the archive, with who and why; again is no more", async () => {
    await fill(1_200);
    const order = { filter: { event_type: "order.paid" }, by: "ada", reason: "asked for by the customer" };
    assert.deepEqual(await broker.call("events.archive", order), { archived: 400 });
    assert.deepEqual(await broker.call("events.archive", order), { archived: 0 });
    assert.equal(await collection.countDocuments(), 800);
    const { rows, total } = await list({ status: "archived", aggregate_id: "ord-3", pageSize: 1 });
    assert.equal(total, 40);
    assert.deepEqual(
      [rows[0]?.archived?.by, rows[0]?.archived?.reason],
      ["ada", "asked for by the customer"],
    );
    assert.deepEqual(
      await broker.call("events.archive", { event_ids: ["e-1", "none"], by: "ada", reason: "test" }),
      { archived: 1 },
    );
  });

  it("archives what a dead process left in both places", async () => {
    await fill(3);
    const half = await collection.findOne({ event_id: "e-1" });
    await space.db.collection("events_archive").insertOne({ ...half, archived: { by: "the dead one" } });
    const order = { event_ids: ["e-0", "e-1"], by: "ada", reason: "again" };
    assert.deepEqual(await broker.call("events.archive", order), { archived: 2 });
    assert.equal(await space.db.collection("events_archive").countDocuments(), 2);
    assert.deepEqual(await collection.distinct("event_id"), ["e-2"]);
  });

  it("executes nothing of what is hostile or senseless", async () => {
    await fill(3);
    const why = { by: "ada", reason: "test" };
    const filter = {};
    const invalid: [action: string, params: unknown][] = [
      ["list", { page: -1 }],
      ["list", { pageSize: 501 }],
      ["list", { pageSize: "1; drop" }],
      ["list", { cursor: "abc" }],
      ["list", { cursor: { $gt: "" } }],
      ["list", { cursor: `1-${"0".repeat(24)}`, page: 2 }],
      ["list", { status: { $ne: "stored" } }],
      ["list", { status: "deleted" }],
      ["list", { user_id: { $regex: "(a+)+$" } }],
      ["list", { aggregate_id: ["a"] }],
      ["list", { $where: "sleep(1000)" }],
      ["list", JSON.parse('{"__proto__":{"event_type":"order.paid"},"page":"x"}')],
      ["search", { text: "" }],
      ["search", { text: { $regex: "." } }],
      ["search", { text: "x".repeat(257) }],
      ["stats", { filter }],
      ["histogram", { interval: "second" }],
      ["histogram", { event_type: { $in: [] } }],
      ["chain", {}],
      ["chain", { correlation_id: { $exists: true } }],
      ["chain", { correlation_id: "c", pageSize: 1_001 }],
      ["export", {}],
      ["export", { filter: { $expr: {} } }],
      ["export", { filter: { event_ids: Array.from({ length: 1_001 }, String) } }],
      ["archive", { ...why }],
      ["archive", { ...why, filter }],
      ["archive", { ...why, filter: { $where: "true" } }],
      ["archive", { ...why, filter: { event_type: { $ne: "" } } }],
      ["archive", { ...why, filter: JSON.parse('{"__proto__":{}}') }],
      ["archive", { ...why, event_ids: [] }],
      ["archive", { ...why, event_ids: ["e-1"], filter: { event_type: "order.paid" } }],
      ["archive", { event_ids: ["e-1"], reason: "nobody" }],
      ["archive", { event_ids: ["e-1"], by: "nobody why" }],
      ["archive", { event_ids: ["e-1"], by: { $set: {} }, reason: "x" }],
    ];
    for (const [action, params] of invalid) {
      await assert.rejects(
        async () => broker.call(`events.${action}`, params as object),
        { name: "ValidationError" },
        `${action} ${JSON.stringify(params).slice(0, 100)}`,
      );
    }
    assert.equal(await collection.countDocuments(), 3);
  });
});
