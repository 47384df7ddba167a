import assert from "node:assert/strict";
import path from "node:path";
import type { ServiceBroker } from "moleculer";
import type { BeginAnswer, CompleteAnswer } from "../../../schemas/calls";
import type { IdempotencyStats, KeyState } from "../../../services/idempotency/inspect";
import { createGateway } from "../../../services/runtime/gateway";
import { createSpace, type Space } from "../../support";

/** What the page on idempotency shows does what it says. */
describe("idempotency of the documentation", () => {
  let space: Space;
  let broker: ServiceBroker;

  before(async () => {
    space = await createSpace();
    broker = createGateway(space.configuration, {
      services: [
        path.resolve("services/idempotency/idempotency.service.ts"),
        path.resolve("test/examples/payments.service.ts"),
      ],
      broker: { logger: false },
    });
    await broker.start();
  });
  after(async () => {
    await broker?.stop();
    await space.close();
  });

  it("a call under a key is executed once", async () => {
    const charge = (params: object) => broker.call<{ charge_id: string }, object>("payments.charge", params);

    const first = await charge({ order_id: "o-7", amount_cents: 990, idempotency_key: "pay-o-7" });
    const again = await charge({ order_id: "o-7", amount_cents: 990, idempotency_key: "pay-o-7" });
    assert.deepEqual(again, first);

    const other = { order_id: "o-7", amount_cents: 99_000, idempotency_key: "pay-o-7" };
    await assert.rejects(charge(other), { type: "WEIR_IDEMPOTENCY_CONFLICT", code: 422 });
  });

  it("the key may come with the meta data", async () => {
    const call = () =>
      broker.call<{ charge_id: string }, object>(
        "payments.charge",
        { order_id: "o-8", amount_cents: 990 },
        { meta: { idempotencyKey: "pay-o-8" } },
      );
    assert.deepEqual(await call(), await call());
  });

  it("a failed call gives its key back", async () => {
    const declined = { order_id: "o-9", amount_cents: 200_000, idempotency_key: "pay-o-9" };
    await assert.rejects(broker.call("payments.charge", declined), { message: "The card was declined." });
    const less = { order_id: "o-9", amount_cents: 20_000, idempotency_key: "pay-o-9" };
    assert.equal((await broker.call<{ order_id: string }, object>("payments.charge", less)).order_id, "o-9");
  });

  it("get tells who holds a key", async () => {
    const state = await broker.call<KeyState, object>("idempotency.get", {
      key: "call:payments.charge|pay-o-7",
    });
    assert.equal(state.status, "completed");
    assert.equal(state.group, "call:payments.charge");
    assert.equal(await broker.call("idempotency.get", { key: "call:payments.charge|nobody" }), null);
  });

  it("stats count", async () => {
    const { processing, calls, front } = await broker.call<IdempotencyStats>("idempotency.stats");
    assert.equal(processing, 0);
    assert.deepEqual([calls.claimed, calls.answered, calls.conflicts, calls.released], [4, 2, 1, 1]);
    assert.equal(front.hits, 3);
  });

  it("begin, complete and release, by hand", async () => {
    const call = { id: "64b1f0c2a1b2c3d4e5f60718", scope: "reports.monthly", key: "2026-03" };
    const fingerprint = "sha256-of-the-parameters";
    const begun = await broker.call<BeginAnswer, object>("idempotency.begin", { ...call, fingerprint });
    assert.deepEqual(begun, { status: "claimed", taken_over: false });

    const completed = await broker.call<CompleteAnswer, object>("idempotency.complete", {
      ...call,
      ttl_ms: 3_600_000,
      result: { pages: 12 },
    });
    assert.deepEqual(completed, { status: "settled" });

    const id = "64b1f0c2a1b2c3d4e5f60719";
    const repeat = await broker.call<BeginAnswer, object>("idempotency.begin", { ...call, id, fingerprint });
    assert.ok(repeat.status === "completed");
    assert.deepEqual(repeat.result, { pages: 12 });

    const released = await broker.call("idempotency.release", { ...call, id });
    assert.equal(released, "gone");
  });
});
