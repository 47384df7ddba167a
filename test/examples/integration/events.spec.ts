import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ServiceBroker } from "moleculer";
import type { Published, PublishRequest } from "../../../services/bridge/publish";
import type { EventChain } from "../../../services/events/chain";
import type { Histogram } from "../../../services/events/histogram";
import type { EventPage } from "../../../services/events/list-events";
import type { EventStats } from "../../../services/events/query-events";
import type { DryRun } from "../../../services/events/replay/begin";
import type { ReplayView } from "../../../services/events/replay/session";
import type { EventRecord } from "../../../services/events/stored-event";
import { createGateway } from "../../../services/runtime/gateway";
import { allCommitted, createSpace, exampleOf, type Space, temporaryFolder } from "../../support";
import { replayIn } from "../../support/replays";

/** What docs/events.md shows does what it says. */
describe("the documentation of stored events and replays", () => {
  let space: Space;
  let broker: ServiceBroker;

  before(async () => {
    space = await createSpace();
    const points = path.resolve(__dirname, "../points.service.ts");
    broker = createGateway(space.configuration, { plugins: [points] });
    await broker.start();
    const paid = exampleOf("order.paid").payload as PublishRequest["payload"];
    for (const number of [1, 2, 3, 4, 5]) {
      const metadata = { user_id: "usr-7", correlation_id: "checkout-9" };
      const event = {
        event_type: "order.paid",
        event_id: `paid-${number}`,
        payload: paid,
        metadata,
        key: "k",
      };
      await broker.call<Published, PublishRequest>("bridge.publish", event);
    }
    await allCommitted(space, ["events", "points"], ["order.paid"]);
  });
  after(async () => {
    await broker?.stop();
    await space.close();
  });

  it("list, get, search", async () => {
    const choice = { event_type: "order.paid", user_id: "usr-7", from: "2026-01-01T00:00:00Z", pageSize: 3 };
    const first = await broker.call<EventPage, object>("events.list", choice);
    const more = { ...choice, cursor: first.next_cursor };
    const rest = await broker.call<EventPage, object>("events.list", more);
    assert.deepEqual([first.total, first.rows.length, rest.rows.length, rest.next_cursor], [5, 3, 2, null]);

    const record = await broker.call<EventRecord, object>("events.get", { event_id: "paid-1" });
    assert.equal(record.event.event_type, "order.paid");
    await assert.rejects(broker.call("events.get", { event_id: "none" }), { type: "WEIR_EVENT_NOT_FOUND" });

    const found = await broker.call<EventPage, object>("events.search", { text: "checkout" });
    assert.equal(found.total, 5);
  });

  it("stats, histogram, chain", async () => {
    const stats = await broker.call<EventStats, object>("events.stats", {});
    assert.deepEqual([stats.total, stats.by_type[0]?.event_type], [5, "order.paid"]);

    const lastHours = { event_type: "order.paid", interval: "hour" };
    const counts = await broker.call<Histogram, object>("events.histogram", lastHours);
    assert.equal(
      counts.rows.reduce((sum, { count }) => sum + count, 0),
      5,
    );

    const together = { correlation_id: "checkout-9" };
    const chain = await broker.call<EventChain, object>("events.chain", together);
    assert.deepEqual([chain.total, chain.rows.length], [5, 5]);
  });

  it("export", async () => {
    const home = await temporaryFolder();
    const file = path.join(home.folder, "events.ndjson");
    const filter = { event_type: "order.paid" };
    const stream = await broker.call<Readable, object>("events.export", { filter });
    await pipeline(stream, createWriteStream(file));
    assert.equal((await readFile(file, "utf8")).trim().split("\n").length, 5);
    await home.remove();
  });

  it("replay: look first, then begin, then follow it", async () => {
    const filter = { event_type: "order.paid", from: "2026-01-01T00:00:00Z" };
    const look = await broker.call<DryRun, object>("events.replay", { filter, dry_run: true });
    assert.equal(look.total, 5);

    const order = { filter, groups: ["points"], rate: 500, by: "ada" };
    const begun = await broker.call<ReplayView, object>("events.replay", order);
    const { id } = begun;
    const done = await replayIn(broker, id, "completed");
    assert.deepEqual([done.counts.read, done.counts.delivered], [5, 5]);

    const running = await broker.call<{ total: number }, object>("events.replays", { status: "running" });
    assert.equal(running.total, 0);
    const closed = broker.call("events.resumeReplay", { id });
    await assert.rejects(closed, { type: "WEIR_REPLAY_STATE" });
  });

  it("replay: pause, resume, cancel", async () => {
    const slow = { filter: {}, groups: ["points"], rate: 0.1 };
    const { id } = await broker.call<ReplayView, object>("events.replay", slow);
    await broker.call("events.pauseReplay", { id, by: "ada", reason: "the plugin has a fault" });
    assert.equal((await broker.call<ReplayView, object>("events.getReplay", { id })).status, "paused");
    await broker.call("events.resumeReplay", { id, by: "ada" });
    await broker.call("events.cancelReplay", { id, by: "ada" });
    assert.equal((await broker.call<ReplayView, object>("events.getReplay", { id })).status, "cancelled");
  });

  it("archive", async () => {
    const order = { event_ids: ["paid-1"], by: "ada", reason: "the customer asked for it" };
    assert.deepEqual(await broker.call("events.archive", order), { archived: 1 });
    const { rows } = await broker.call<EventPage, object>("events.list", { status: "archived" });
    assert.equal(rows[0]?.archived?.reason, "the customer asked for it");
  });
});
