import assert from "node:assert/strict";
import type { ServiceBroker } from "moleculer";
import type { Page } from "../../schemas/query-params";
import type { PublishRequest } from "../../services/bridge/publish";
import type { ItemResult } from "../../services/dlq/item-result";
import type { LetterRow } from "../../services/dlq/view";
import { createGateway } from "../../services/runtime/gateway";
import type { OrderView } from "../../services/samples/order-projection/order";
import type { DailyRevenue } from "../../services/samples/revenue/payment";
import { allCommitted, createSpace, exampleOf, type Space } from "../support";

describe("sample plugins", () => {
  let space: Space;
  let gateway: ServiceBroker;

  before(async () => {
    space = await createSpace();
    gateway = createGateway(space.configuration, { samples: true });
    await gateway.start();
  });
  after(async () => {
    await gateway.stop();
    await space.close();
  });

  /** Publishes the types' examples with changed payloads, and waits until the group has handled them. */
  async function publish(group: string, events: [event_type: string, payload: object, event_id?: string][]) {
    for (const [event_type, changes, event_id] of events) {
      const payload = { ...exampleOf(event_type).payload, ...changes };
      await gateway.call<unknown, PublishRequest>("bridge.publish", { event_type, payload, event_id });
    }
    await allCommitted(space, [group], [...new Set(events.map(([type]) => type))]);
  }

  describe("order-projection", () => {
    const get = (order_id: string) => gateway.call<OrderView, object>("order-projection.get", { order_id });

    it("makes one document of an order's events, whichever comes first", async () => {
      await publish("order-projection", [["order.shipped", { order_id: "o1", carrier: "dpd" }]]);
      assert.deepEqual([(await get("o1")).status, (await get("o1")).total_cents], ["shipped", undefined]);
      await publish("order-projection", [
        ["order.paid", { order_id: "o1" }],
        ["order.placed", { order_id: "o1", total_cents: 4_200, customer_id: "c1" }],
      ]);
      const { status, total_cents, customer_id, carrier, events } = await get("o1");
      assert.deepEqual(
        { status, total_cents, customer_id, carrier, events: events.length },
        { status: "shipped", total_cents: 4_200, customer_id: "c1", carrier: "dpd", events: 3 },
      );
      await publish("order-projection", [["order.cancelled", { order_id: "o1" }]]);
      assert.equal((await get("o1")).status, "cancelled");
    });

    it("says that it does not know an order", async () => {
      await assert.rejects(get("nobody's"), { type: "ORDER_UNKNOWN", code: 404 });
    });
  });

  describe("notifier", () => {
    const mailsTo = (to: string) => space.db.collection("sample_mails").find({ to }).toArray();
    const letters = async (group: string) =>
      (await gateway.call<Page<LetterRow>, object>("dlq.list", { group, status: "pending" })).rows;

    it("sends one mail for an event that comes twice", async () => {
      const twice: [string, object, string] = ["user.registered", { email: "ada@example.com" }, "u1"];
      await publish("notifier", [twice, twice]);
      assert.equal((await mailsTo("ada@example.com")).length, 1);
    });

    it("leaves what a mail server refuses to the DLQ, from where a retry by hand may succeed", async () => {
      await publish("notifier", [
        ["user.registered", { email: "x@bounce.example" }],
        ["user.registered", { email: "y@greylist.example" }],
      ]);
      const refused = await letters("notifier");
      assert.deepEqual(
        refused.map(({ error, attempts }) => `${error.message.slice(0, 3)} after ${attempts}`).sort(),
        ["450 after 2", "550 after 2"],
      );
      const ids = refused.map(({ id }) => id);
      const results = await gateway.call<ItemResult[], object>("dlq.retry", { ids });
      assert.deepEqual(results.map(({ ok }) => ok).sort(), [false, true]);
      assert.equal((await mailsTo("y@greylist.example")).length, 1);
      assert.deepEqual(
        (await letters("notifier")).map(({ error }) => error.message),
        ["550 There is no mailbox x@bounce.example"],
      );
    });
  });

  describe("revenue", () => {
    it("adds up each payment once, by day and currency, and refuses what has no currency", async () => {
      const payment = (payment_id: string, currency: string, amount_cents: number) => {
        return { payment_id, currency, amount_cents, captured_at: "2026-03-02T23:30:00-01:00" };
      };
      await publish("revenue", [
        ["payment.captured", payment("p1", "EUR", 1_000), "e1"],
        ["payment.captured", payment("p1", "EUR", 1_000), "e1"],
        ["payment.captured", payment("p2", "EUR", 250)],
        ["payment.captured", payment("p3", "XXX", 7)],
        ["payment.captured", payment("p4", "USD", 99)],
      ]);
      assert.deepEqual(await gateway.call<DailyRevenue[]>("revenue.byDay"), [
        { day: "2026-03-03", currency: "EUR", payments: 2, amount_cents: 1_250 },
        { day: "2026-03-03", currency: "USD", payments: 1, amount_cents: 99 },
      ]);
      const { rows } = await gateway.call<Page<LetterRow>, object>("dlq.list", { group: "revenue" });
      assert.deepEqual(
        rows.map(({ reason }) => reason),
        ["no_currency"],
      );
    });
  });
});
