import assert from "node:assert/strict";
import path from "node:path";
import type { ServiceBroker } from "moleculer";
import type { Page } from "../../../schemas/query-params";
import type { ImportResult } from "../../../services/bridge/import/import-topic";
import type { GroupRow } from "../../../services/dlq/grouping/list-groups";
import type { DryRun } from "../../../services/dlq/redrive/start";
import type { RedriveDetails, RedriveRow } from "../../../services/dlq/redrive/status";
import type { LetterDetails, LetterRow } from "../../../services/dlq/view";
import { createGateway } from "../../../services/runtime/gateway";
import { allCommitted, createSpace, exampleOf, type Space, waitFor } from "../../support";
import { carrier } from "../shipping.service";

const EXAMPLES = path.resolve(__dirname, "..");

/** What docs/redrive.md shows. */
describe("dead letters of the documentation", () => {
  let space: Space;
  let broker: ServiceBroker;

  async function start(schemaDirs: string[] = []): Promise<void> {
    broker = createGateway(space.configurationWith({ schemaDirs }), {
      plugins: [path.join(EXAMPLES, "shipping.service.ts")],
      broker: { logger: false },
    });
    await broker.start();
  }
  const completed = (id: string) =>
    waitFor(
      async () => {
        const now = await broker.call<RedriveDetails, object>("dlq.redriveStatus", { id });
        return now.status === "completed" ? now : null;
      },
      { what: `redrive ${id} to be completed` },
    );

  before(async () => {
    space = await createSpace();
    await start();
  });
  after(async () => {
    carrier.up = true;
    await broker?.stop();
    await space.close();
  });

  it("what is broken, what would be handed over, a redrive from its beginning to its end", async () => {
    carrier.up = false;
    const { payload } = exampleOf("order.shipped");
    for (let n = 0; n < 12; n += 1) {
      const event_id = `shipped-${n}`;
      await broker.call("bridge.publish", { event_type: "order.shipped", event_id, key: `k${n}`, payload });
    }
    await allCommitted(space, ["shipping", "events"], ["order.shipped"]);
    carrier.up = true;

    const { rows } = await broker.call<Page<GroupRow>, object>("dlq.groups", { status: "open" });
    assert.deepEqual([rows[0]?.count, rows[0]?.pattern], [12, "outage"]);
    const fingerprint = rows[0]?.fingerprint;
    await broker.call("dlq.setGroup", {
      fingerprint,
      status: "resolved",
      note: "the carrier is back",
      by: "ada",
    });

    const would = await broker.call<DryRun, object>("dlq.redrive", {
      filter: { fingerprint },
      dry_run: true,
    });
    assert.deepEqual(would.by_group, { shipping: 12 });

    const { id } = await broker.call<RedriveRow, object>("dlq.redrive", {
      filter: { fingerprint },
      rate: 50,
      by: "ada",
    });

    const job = await completed(id);
    assert.deepEqual([job.total, job.done, job.counts.delivered], [12, 12, 12]);
    const { items } = await broker.call<RedriveDetails, object>("dlq.redriveStatus", {
      id,
      result: "failed",
      pageSize: 100,
    });
    assert.equal(items.total, 0);
    assert.equal((await broker.call<Page<GroupRow>>("dlq.groups")).total, 0);
    const jobs = await broker.call<Page<RedriveRow>, object>("dlq.redrives", { status: "completed" });
    assert.equal(jobs.rows[0]?.id, id);
  });

  it("a message put right by hand", async () => {
    const event = exampleOf("order.paid");
    const wrong = { ...event, event_id: "paid-1", payload: { ...event.payload, currency: "eur" } };
    await space.produce("order.paid", [{ key: "k", value: JSON.stringify(wrong) }]);
    await allCommitted(space, ["events"], ["order.paid"]);
    const { rows } = await broker.call<Page<LetterRow>, object>("dlq.list", { reason: "invalid" });
    const id = rows[0]?.id;

    const { raw_text = "" } = await broker.call<LetterDetails, object>("dlq.get", { id });
    const edited = await broker.call<LetterDetails, object>("dlq.edit", {
      id,
      raw: raw_text.replace('"eur"', '"EUR"'),
      by: "ada",
      note: "the shop sent its currency in lower case",
    });

    assert.equal(edited.versions?.[0]?.raw_text, raw_text);
    const { id: job } = await broker.call<RedriveRow, object>("dlq.redrive", { id });
    assert.equal((await completed(job)).counts.delivered, 1);
    await allCommitted(space, ["events"], ["order.paid"]);
    const stored = await space.db.collection("events").findOne({ event_id: "paid-1" });
    assert.equal(stored?.payload.currency, "EUR");
  });

  it("letters out of a dead letter topic that somebody else has written", async () => {
    const topic = space.topic("orders-dlt");
    await space.admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: false });
    const headers = { "__connect.errors.topic": space.topic("order.placed") };
    const value = JSON.stringify({ ...exampleOf("order.placed"), event_id: "from-connect" });
    await waitFor(() => space.produce("orders-dlt", [{ key: "k", value, headers }]).then(() => true), {
      what: "the topic to take a message",
    });

    const { imported } = await broker.call<ImportResult, object>("dlq.importTopic", { topic });

    assert.equal(imported, 1);
    const { id } = await broker.call<RedriveRow, object>("dlq.redrive", { filter: { reason: "imported" } });
    await completed(id);
    await waitFor(() => space.db.collection("events").findOne({ event_id: "from-connect" }), {
      what: "the event to be stored",
    });
  });

  it("a schema that was missing: with it, the refused messages are accepted", async () => {
    const payload = { sku: "MUG", quantity: 2, reservation: "r1" };
    const messages = Array.from({ length: 3 }, (_, n) => {
      const event = {
        ...exampleOf("order.paid"),
        event_type: "stock.reserved",
        event_id: `stock-${n}`,
        payload,
      };
      return { key: "MUG", value: JSON.stringify(event) };
    });
    await space.produce("order.paid", messages);
    await allCommitted(space, ["events"], ["order.paid"]);
    const filter = { reason: "unknown_type" };
    const begin = () => broker.call<RedriveRow, object>("dlq.redrive", { filter, canary: false });
    const inVain = await completed((await begin()).id);
    assert.deepEqual([inVain.counts.failed, inVain.counts.delivered], [3, 0]);

    await broker.stop();
    await start([path.join(EXAMPLES, "schemas")]);
    const job = await completed((await begin()).id);
    assert.deepEqual([job.counts.failed, job.counts.delivered], [0, 3]);
    await waitFor(
      async () => (await space.db.collection("events").countDocuments({ event_id: /^stock-/ })) === 3,
      {
        what: "all three to be stored",
      },
    );
    const { history } = await broker.call<LetterDetails, object>("dlq.get", { id: job.items.rows[0]?.id });
    assert.deepEqual(
      history.map(({ action }) => action),
      ["received", "retry_failed", "retried"],
    );
  });
});
