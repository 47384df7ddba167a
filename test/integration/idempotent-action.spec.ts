import assert from "node:assert/strict";
import { type BrokerOptions, type Context, type Errors, ServiceBroker, type ServiceSchema } from "moleculer";
import { type IdempotentRun, idempotentActions } from "../../mixins/idempotent-action.mixin";
import { createGateway } from "../../services/runtime/gateway";
import { createSpace, type Space, uniqueName, waitFor } from "../support";
import { freePort } from "../support/free-port";

interface Params {
  key?: string;
  order?: number;
}

/** The mixin on a node with no settings and no MongoDB, which knows the gateway by the transporter alone. */
describe("idempotent actions on a node that is not the gateway", () => {
  let space: Space;
  let gateway: ServiceBroker;
  let other: ServiceBroker;
  let third: ServiceBroker;
  let runs: { order?: number; taken_over?: boolean; meta?: unknown }[];
  let behave: (order?: number) => unknown;

  const handler = (ctx: Context<Params, { idempotencyKey?: string }, { idempotency?: IdempotentRun }>) => {
    const { order } = ctx.params;
    runs.push({ order, taken_over: ctx.locals.idempotency?.taken_over, meta: ctx.meta.idempotencyKey });
    return behave(order);
  };
  const shop: ServiceSchema = {
    name: "shop",
    mixins: [idempotentActions({ buy: {}, sell: { required: true }, cart: {} })],
    actions: {
      buy: handler,
      sell: { handler },
      cart: (ctx: Context) => Promise.all([1, 2].map((order) => ctx.call("shop.buy", { order }))),
      async exchange(ctx: Context) {
        await ctx.call("shop.buy", { order: 1 });
        await ctx.call("shop.sell", { order: 2 });
      },
    },
  };

  before(async () => {
    space = await createSpace();
    const nodes = await Promise.all(
      ["gateway", "other", "third"].map(async (name) => ({ id: uniqueName(name), port: await freePort() })),
    );
    const transporter = `tcp://${nodes.map(({ id, port }) => `127.0.0.1:${port}/${id}`).join()}`;
    const node = (index: number) =>
      new ServiceBroker({
        nodeID: nodes[index]?.id,
        namespace: space.configuration.namespace,
        transporter: transporter as unknown as BrokerOptions["transporter"],
        logger: false,
      });
    gateway = createGateway(space.configurationWith({ nodeID: nodes[0]?.id, transporter }), {
      services: ["services/idempotency/idempotency.service.ts"],
      broker: { logger: false },
    });
    [other, third] = [node(1), node(2)];
    other.createService(shop);
    await Promise.all([gateway.start(), other.start(), third.start()]);
    await other.waitForServices(["idempotency"], 20_000, 50);
    await third.waitForServices(["idempotency", "shop"], 20_000, 50);
    await gateway.waitForServices(["shop"], 20_000, 50);
  });
  after(async () => {
    await third?.stop();
    await other?.stop();
    await gateway?.stop();
    await space.close();
  });
  beforeEach(() => {
    runs = [];
    behave = (order) => ({ order, run: runs.length });
  });

  const buy = (params: object, options: object = {}) =>
    third.call<unknown, object>("shop.buy", params, options);
  const claims = () => space.db.collection("idempotency_keys");

  it("executes one of many calls at once, and gives all that come later its answer", async () => {
    const calls = Array.from({ length: 20 }, () => buy({ idempotency_key: "many", order: 1 }));
    const settled = await Promise.allSettled(calls);
    assert.equal(runs.length, 1);
    for (const result of settled) {
      if (result.status === "fulfilled") assert.deepEqual(result.value, { order: 1, run: 1 });
      else assert.equal(result.reason.type, "WEIR_IDEMPOTENCY_IN_FLIGHT");
    }
    assert.deepEqual(await buy({ order: 1, idempotency_key: "many" }), { order: 1, run: 1 });
    assert.equal(runs.length, 1);
  });

  it("tells of other parameters and of a missing key by the error's code, over the transporter", async () => {
    await buy({ idempotency_key: "conflict", order: 1 });
    await assert.rejects(buy({ idempotency_key: "conflict", order: 2 }), {
      type: "WEIR_IDEMPOTENCY_CONFLICT",
      code: 422,
    });
    await assert.rejects(third.call("shop.sell", { order: 1 }), { name: "ValidationError" });
    for (const key of [{ $ne: null }, "a\u0000b", "", ["a"], "x".repeat(300)])
      await assert.rejects(buy({ idempotency_key: key, order: 1 }), { name: "ValidationError" });
    assert.equal(runs.length, 1);
  });

  it("executes calls without a key every time", async () => {
    for (const _ of [1, 2]) await buy({ order: 1 });
    assert.equal(runs.length, 2);
  });

  it("keeps actions apart, and does not hand the key on to the calls that an action makes", async () => {
    const meta = { idempotencyKey: "nested" };
    await third.call("shop.cart", {}, { meta });
    assert.deepEqual(
      runs.map(({ order, meta: key }) => [order, key]),
      [
        [1, undefined],
        [2, undefined],
      ],
    );
    await third.call("shop.cart", {}, { meta });
    assert.equal(runs.length, 2);
    await third.call("shop.buy", { order: 3 }, { meta });
    assert.equal(runs.length, 3, "another action under the same key");
  });

  it("leaves the key to its caller, for the next call that this one makes", async () => {
    const meta = { idempotencyKey: "exchange" };
    for (const _ of [1, 2]) await third.call("shop.exchange", {}, { meta });
    assert.equal(runs.length, 2);
  });

  it("is done also when its caller has given up waiting, and then answers", async () => {
    let finish: (() => void) | undefined;
    behave = () =>
      new Promise((resolve) => {
        finish = () => resolve("late");
      });
    await assert.rejects(buy({ idempotency_key: "late" }, { timeout: 300 }), { type: "REQUEST_TIMEOUT" });
    assert.equal(runs.length, 1);
    await assert.rejects(buy({ idempotency_key: "late" }), { type: "WEIR_IDEMPOTENCY_IN_FLIGHT" });
    finish?.();
    const answer = await waitFor(() => buy({ idempotency_key: "late" }), { what: "the answer of the call" });
    assert.equal(answer, "late");
    assert.equal(runs.length, 1);
  });

  it("a holder that froze until its lease was over wakes up, and does not replace the other's answer", async () => {
    let wake: ((value: string) => void) | undefined;
    behave = () => new Promise((resolve) => (wake = resolve));
    const frozen = buy({ idempotency_key: "frozen" });
    frozen.catch(() => undefined);
    await waitFor(() => runs.length === 1, { what: "the first to be at work" });
    const key = "call:shop.buy|frozen";
    await claims().updateOne({ keys: key }, { $set: { lease_until: new Date(0) } });

    behave = () => "of the other";
    assert.equal(await buy({ idempotency_key: "frozen" }), "of the other");
    assert.deepEqual(
      runs.map(({ taken_over }) => taken_over),
      [false, true],
    );
    wake?.("of the frozen one");
    await assert.rejects(frozen, { type: "WEIR_IDEMPOTENCY_TAKEN_OVER", retryable: true });
    assert.equal(await buy({ idempotency_key: "frozen" }), "of the other");
    assert.equal(runs.length, 2);
  });

  it("tells of a result that its way back cannot carry, instead of losing it", async () => {
    behave = () => "x".repeat(1024 * 1024 - 100);
    // To a caller on the same node it is no matter of the transporter.
    const local = () => other.call<string, object>("shop.buy", { idempotency_key: "large" });
    assert.equal((await local()).length, 1024 * 1024 - 100);
    await assert.rejects(local(), (error: Errors.MoleculerError) => {
      assert.deepEqual([error.type, error.code], ["WEIR_IDEMPOTENCY_RESULT_NOT_KEPT", 410]);
      assert.equal((error.data as { why: string }).why, "too_large_for_transporter");
      return true;
    });
    assert.equal(runs.length, 1);
  });

  it("executes nothing while no gateway is there", async () => {
    const alone = new ServiceBroker({ logger: false, nodeID: uniqueName("alone") });
    alone.createService(shop);
    await alone.start();
    const call = alone.call("shop.buy", { idempotency_key: "alone" });
    await assert.rejects(call, { type: "SERVICE_NOT_FOUND" });
    assert.equal(runs.length, 0);
    await alone.stop();
  });
});
