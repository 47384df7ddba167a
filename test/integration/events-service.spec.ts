import assert from "node:assert/strict";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { DeliverRequest, DeliverResponse, EventEnvelope } from "../../schemas/delivery";
import type { Page } from "../../schemas/query-params";
import events from "../../services/events/events.service";
import type { EventStats } from "../../services/events/query-events";
import type { EventRecord } from "../../services/events/stored-event";
import { createSpace, type Space, waitFor } from "../support";
import { createBroker } from "../support/broker";

describe("events service", () => {
  let space: Space;
  let broker: ServiceBroker;
  let heard: string[];

  const listener: ServiceSchema = {
    name: "listener",
    events: { "order.*": (ctx: Context<EventEnvelope>) => void heard.push(ctx.params.event_id) },
  };

  before(async () => {
    space = await createSpace();
    broker = createBroker(space.configuration, [events, listener]).broker;
    await broker.start();
  });
  after(async () => {
    await broker.stop();
    await space.close();
  });
  beforeEach(async () => {
    heard = [];
    await space.db.collection("events").deleteMany({});
  });

  const event = (event_id: string, changes: Partial<EventEnvelope> = {}): EventEnvelope => ({
    event_id,
    event_type: "order.placed",
    event_version: "1.0",
    timestamp: "2026-03-01T12:00:00+01:00",
    aggregate_id: "ord-1",
    metadata: {
      service_name: "shop",
      service_version: "1",
      user_id: "usr-1",
      "extra.dot": { language: "klingon" },
    },
    payload: { n: 1, "a.b": "dots in names", search_language: "klingon", nested: { language: "none such" } },
    ...changes,
  });
  let offset = 0;
  const deliver = (...accepted: EventEnvelope[]) =>
    broker.call<DeliverResponse, DeliverRequest>("events.deliver", {
      group: "events",
      topic: "order.placed",
      partition: 0,
      epoch: 1,
      attempt: 1,
      items: accepted.map((given) => ({
        event: given,
        delivery: { offset: String(offset++), key: null, headers: {}, redelivered: false },
      })),
    });
  const statuses = async (...accepted: EventEnvelope[]) =>
    (await deliver(...accepted)).map(({ status }) => status);
  const get = (event_id: string) => broker.call<EventRecord, object>("events.get", { event_id });
  const ids = async (action: string, params: object) =>
    (await broker.call<Page<EventRecord>, object>(action, params)).rows.map((row) => row.event.event_id);

  it("gives a stored event back as it came, with the place it came from", async () => {
    const accepted = event("e-1");
    assert.deepEqual(await statuses(accepted), ["completed"]);
    const record = await get("e-1");
    assert.deepEqual(record.event, accepted);
    assert.equal(record.kafka.topic, "order.placed");
    assert.equal(record.expires_at.getTime() - record.stored_at.getTime(), 30 * 86_400_000);
    await assert.rejects(get("e-2"), { type: "WEIR_EVENT_NOT_FOUND", code: 404 });
  });

  it("absorbs the same event, in one chunk and in a later one, whatever the order of its members", async () => {
    assert.deepEqual(await statuses(event("e-1"), event("e-2"), event("e-1")), [
      "completed",
      "completed",
      "duplicate",
    ]);
    const turned = Object.fromEntries(Object.entries(event("e-1")).reverse()) as unknown as EventEnvelope;
    assert.deepEqual(await statuses(turned, event("e-3")), ["duplicate", "completed"]);
    assert.equal(await space.db.collection("events").countDocuments(), 3);
  });

  it("fails an id that is taken by other content or another type, in one chunk and in a later one", async () => {
    const other = event("e-1", { payload: { n: 2 } });
    const outcomes = await deliver(event("e-1"), other, event("e-2"));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["completed", "failed", "completed"],
    );
    const [conflict] = await deliver(event("e-2", { event_type: "order.paid" }));
    for (const outcome of [outcomes[1], conflict]) {
      assert.ok(outcome?.status === "failed");
      assert.equal(outcome.reason, "event_id_conflict");
      assert.equal(outcome.error.type, "WEIR_EVENT_ID_CONFLICT");
    }
  });

  it("emits what it stored under its type, once", async () => {
    await deliver(event("e-1"), event("e-1"), event("e-2"));
    await deliver(event("e-2"), event("e-3"));
    await waitFor(() => heard.length >= 3, { what: "three broker events" });
    assert.deepEqual(heard.sort(), ["e-1", "e-2", "e-3"]);
  });

  it("lists by type, aggregate, user, service, correlation and time, the newest first", async () => {
    const metadata = { service_name: "payments", service_version: "1", correlation_id: "c-9" };
    await deliver(
      event("e-1"),
      event("e-2", { timestamp: "2026-03-02T00:00:00Z", aggregate_id: "ord-2" }),
      event("e-3", { event_type: "order.paid", timestamp: "2026-03-03T00:00:00Z", metadata }),
    );
    assert.deepEqual(await ids("events.list", { event_type: "order.placed" }), ["e-2", "e-1"]);
    assert.deepEqual(await ids("events.list", { aggregate_id: "ord-1" }), ["e-3", "e-1"]);
    assert.deepEqual(await ids("events.list", { user_id: "usr-1" }), ["e-2", "e-1"]);
    assert.deepEqual(await ids("events.list", { service_name: "payments" }), ["e-3"]);
    assert.deepEqual(await ids("events.list", { correlation_id: "c-9" }), ["e-3"]);
    assert.deepEqual(await ids("events.list", { from: "2026-03-01T11:00:00Z", to: "2026-03-02T00:00:00Z" }), [
      "e-1",
    ]);
    const all = await broker.call<Page<EventRecord>, object>("events.list", { pageSize: 2, page: 2 });
    assert.deepEqual([all.total, all.rows.length], [3, 1]);
  });

  it("finds events by the words of their ids and names", async () => {
    await deliver(event("e-1"), event("e-2", { aggregate_id: "basket-77" }));
    assert.deepEqual(await ids("events.search", { text: "basket" }), ["e-2"]);
    assert.deepEqual((await ids("events.search", { text: "shop" })).sort(), ["e-1", "e-2"]);
    assert.deepEqual(await ids("events.search", { text: "nothing" }), []);
  });

  it("counts what is stored", async () => {
    assert.deepEqual(await broker.call("events.stats"), {
      total: 0,
      oldest: null,
      newest: null,
      by_type: [],
    });
    await deliver(
      event("e-1"),
      event("e-2", { timestamp: "2026-03-04T00:00:00Z" }),
      event("e-3", { event_type: "order.paid", timestamp: "2026-03-03T00:00:00Z" }),
    );
    const stats = await broker.call<EventStats>("events.stats");
    assert.deepEqual(
      stats.by_type.map(({ event_type, count }) => [event_type, count]),
      [
        ["order.placed", 2],
        ["order.paid", 1],
      ],
    );
    assert.deepEqual(
      [stats.total, stats.oldest?.toISOString(), stats.newest?.toISOString()],
      [3, "2026-03-01T11:00:00.000Z", "2026-03-04T00:00:00.000Z"],
    );
  });

  it("takes no query operators", async () => {
    const invalid: [action: string, params: object][] = [
      ["events.get", { event_id: { $ne: null } }],
      ["events.list", { event_type: { $gt: "" } }],
      ["events.list", { query: {} }],
      ["events.list", { from: "yesterday" }],
      ["events.search", { text: { $regex: "." } }],
    ];
    for (const [action, params] of invalid) {
      await assert.rejects(broker.call(action, params), { name: "ValidationError" });
    }
  });
});
