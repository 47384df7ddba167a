import assert from "node:assert/strict";
import path from "node:path";
import type { ServiceBroker } from "moleculer";
import type { CollectionIndexes } from "../../../mixins/mongo-schema.mixin";
import type { EventTypeVersion } from "../../../schemas/catalog";
import type { Page } from "../../../schemas/query-params";
import type { Published } from "../../../services/bridge/publish";
import type { BridgeStatus } from "../../../services/bridge/status";
import type { RedriveRow } from "../../../services/dlq/redrive/status";
import { createGateway } from "../../../services/runtime/gateway";
import { allCommitted, createSpace, exampleOf, type Space, startReady } from "../../support";

/** The calls that docs/actions.md shows do what it says; other pages have the other actions. */
describe("actions in the documentation", () => {
  let space: Space;
  let broker: ServiceBroker;
  const payload = exampleOf("order.paid").payload;

  before(async () => {
    space = await createSpace();
    const plugins = [path.resolve(__dirname, "../welcome.service.ts")];
    broker = createGateway(space.configuration, { plugins, broker: { logger: false } });
    await startReady(broker);
  });
  after(async () => {
    await broker?.stop();
    await space.close();
  });

  it("bridge: publish, publishMany", async () => {
    const { topic, offset } = await broker.call<Published, object>("bridge.publish", {
      event_type: "order.paid",
      payload,
      aggregate_id: "o-7",
      metadata: { user_id: "usr-7" },
    });

    const many = await broker.call<Published[], object>("bridge.publishMany", {
      events: ["o-8", "o-9"].map((aggregate_id) => ({ event_type: "order.paid", payload, aggregate_id })),
    });
    assert.deepEqual([topic, offset, many.length], [space.topic("order.paid"), "0", 2]);
    await allCommitted(space, ["events"], ["order.paid"]);
    assert.equal(await space.db.collection("events").countDocuments(), 3);
    const unknown = broker.call("bridge.publish", { event_type: "order.paid", payload: { order_id: 7 } });
    await assert.rejects(unknown, { name: "ValidationError", type: "WEIR_EVENT_INVALID" });
  });

  it("bridge: status, pause, resume", async () => {
    await broker.call("bridge.pause", { group: "welcome" });
    const { state, groups } = await broker.call<BridgeStatus, object>("bridge.status", {});
    const { groups: resumed } = await broker.call<{ groups: string[] }, object>("bridge.resume", {});
    assert.equal(state, "ready");
    assert.equal(groups.find(({ group }) => group === "welcome")?.state, "paused");
    assert.deepEqual(resumed.sort(), ["events", "welcome"]);
  });

  it("schemas: list, get, validate", async () => {
    const known = await broker.call<{ event_type: string }[]>("schemas.list");
    const latest = await broker.call<EventTypeVersion, object>("schemas.get", { event_type: "order.paid" });
    const { valid, errors } = await broker.call<{ valid: boolean; errors: object[] }, object>(
      "schemas.validate",
      { event: { event_type: "order.paid", payload } },
    );
    assert.ok(known.some(({ event_type }) => event_type === "order.paid"));
    assert.equal(latest.event_version, "1.0");
    assert.deepEqual([valid, errors.length > 0], [false, true]);
    const none = broker.call("schemas.get", { event_type: "order.lost" });
    await assert.rejects(none, { type: "WEIR_EVENT_TYPE_UNKNOWN" });
  });

  it("indexes", async () => {
    const collections = await broker.call<CollectionIndexes[], object>("events.indexes", { stats: true });
    assert.deepEqual(
      collections.map(({ collection }) => collection),
      ["events", "replays", "events_archive"],
    );
  });

  it("redrives: looked at, paused, resumed, cancelled", async () => {
    const messages = Array.from({ length: 100 }, () => ({ key: null, value: "no JSON" }));
    await space.produce("order.paid", messages);
    await allCommitted(space, ["events"], ["order.paid"]);
    const slow = { filter: { reason: "unparseable" }, rate: 1, canary: false };
    const { id } = await broker.call<RedriveRow, object>("dlq.redrive", slow);

    const { rows } = await broker.call<Page<RedriveRow>, object>("dlq.redrives", { status: "running" });
    assert.deepEqual([rows[0]?.id, rows.length], [id, 1]);

    const paused = await broker.call<RedriveRow, object>("dlq.pauseRedrive", { id, by: "ada" });
    const resumed = await broker.call<RedriveRow, object>("dlq.resumeRedrive", { id, by: "ada" });
    const ended = await broker.call<RedriveRow, object>("dlq.cancelRedrive", { id, by: "ada" });
    assert.deepEqual(
      [paused, resumed, ended].map(({ status }) => status),
      ["paused", "running", "cancelled"],
    );
    await assert.rejects(broker.call("dlq.pauseRedrive", { id }), { type: "WEIR_REDRIVE_ENDED" });
  });
});
