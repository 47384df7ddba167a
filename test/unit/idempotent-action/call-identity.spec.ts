import assert from "node:assert/strict";
import fc from "fast-check";
import { fingerprintOf, type KeyedContext, keyOf } from "../../../mixins/idempotent-action/call-identity";
import { type IdempotentActionOptions, resolveOptions } from "../../../mixins/idempotent-action/options";
import { idempotentActions } from "../../../mixins/idempotent-action.mixin";

const options = (given: IdempotentActionOptions = {}) => resolveOptions("payments", "charge", given);
const context = (params: unknown, meta: object = {}) => ({ params, meta }) as KeyedContext;

describe("what a call is known by", () => {
  it("takes the key from the parameters, else from meta; or from a function", () => {
    assert.equal(keyOf(options(), context({ idempotency_key: "p" }, { idempotencyKey: "m" })), "p");
    assert.equal(keyOf(options(), context({}, { idempotencyKey: "m" })), "m");
    assert.equal(keyOf(options(), context(undefined)), null);
    const key = (ctx: KeyedContext) => `order-${ctx.params.order}`;
    assert.equal(keyOf(options({ key }), context({ order: 7, idempotency_key: "p" })), "order-7");
  });

  it("refuses what cannot be a key, and a missing one where it is required", () => {
    const hostile = [
      "",
      "x".repeat(257),
      "a\u0000b",
      "a\nb",
      "\ud800",
      7,
      true,
      { $ne: null },
      ["a"],
      () => "a",
    ];
    for (const key of hostile) {
      assert.throws(() => keyOf(options(), context({ idempotency_key: key })), { name: "ValidationError" });
      assert.throws(() => keyOf(options(), context({}, { idempotencyKey: key })), {
        name: "ValidationError",
      });
      assert.throws(() => keyOf(options({ key: () => key as string }), context({})), {
        name: "ValidationError",
      });
    }
    assert.throws(() => keyOf(options({ required: true }), context({})), {
      name: "ValidationError",
      code: 422,
    });
  });

  it("compares all parameters but the key, whatever their order", () => {
    const of = (params: object) => fingerprintOf(options(), context(params));
    assert.match(of({ a: 1 }), /^[\w-]{43}$/);
    assert.equal(of({ a: 1, b: { c: 2, d: 3 }, idempotency_key: "k" }), of({ b: { d: 3, c: 2 }, a: 1 }));
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const [a, b] = [one, other].map((value) => JSON.stringify(value));
        if (a === b) assert.equal(of({ value: one }), of({ value: other }));
        assert.notEqual(of({ value: [a, 1] }), of({ value: [b, 2] }));
      }),
    );
  });

  it("compares the named parameters alone, or what a function says", () => {
    const named = options({ same: ["order.id", "amount"] });
    const of = (params: object) => fingerprintOf(named, context(params));
    assert.equal(of({ order: { id: 1 }, amount: 2, note: "a" }), of({ amount: 2, order: { id: 1, x: 3 } }));
    assert.notEqual(of({ order: { id: 1 } }), of({ order: { id: 1 }, amount: null }));
    const chosen = options({ same: ({ amount }) => amount });
    const ofChosen = (params: object) => fingerprintOf(chosen, context(params));
    assert.equal(ofChosen({ amount: 2, note: "a" }), ofChosen({ amount: 2 }));
  });

  it("refuses parameters that JSON cannot hold", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    for (const params of [cycle, { big: 10n }])
      assert.throws(() => fingerprintOf(options(), context(params)), { name: "ValidationError" });
    let deep: object = {};
    for (let level = 0; level < 50_000; level += 1) deep = { deep };
    assert.throws(() => fingerprintOf(options(), context(deep)), { name: "ValidationError" });
  });

  it("refuses options that cannot be when the service is made, and actions that are not there", () => {
    const bad = [
      { ttl: 999 },
      { ttl: Number.NaN },
      { lease: 0 },
      { lease: 86_400_001 },
      { key: "k" },
      { same: [] },
      { same: [7] },
      { scope: "a|b" },
      { scope: "" },
      { required: "yes" },
    ];
    for (const given of bad)
      assert.throws(() => options(given as IdempotentActionOptions), {
        type: "WEIR_IDEMPOTENT_ACTION_INVALID",
      });
    const mixin = idempotentActions({ charge: {} }) as { merged(schema: object): void };
    assert.throws(() => mixin.merged({ name: "payments", actions: { refund() {} } }), {
      type: "WEIR_IDEMPOTENT_ACTION_INVALID",
      message: /Service payments has no action "charge"/,
    });
  });
});
