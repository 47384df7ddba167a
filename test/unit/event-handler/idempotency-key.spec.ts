import assert from "node:assert/strict";
import { idempotencyKey } from "../../../mixins/event-handler/idempotency-key";
import type { EventEnvelope } from "../../../schemas/delivery";

function event(changes: Partial<EventEnvelope> = {}): EventEnvelope {
  return {
    event_id: "e1",
    event_type: "order.placed",
    event_version: "1.0",
    timestamp: "2026-01-01T00:00:00Z",
    metadata: { service_name: "shop", service_version: "1" },
    payload: { a: 1, b: { c: 2, d: 3 } },
    ...changes,
  };
}

describe("idempotency keys", () => {
  it("event: the same type and id are the same event, for one group", () => {
    assert.equal(idempotencyKey("g", "event", event()), "g|order.placed|e1");
    assert.notEqual(idempotencyKey("g", "event", event()), idempotencyKey("h", "event", event()));
    assert.notEqual(
      idempotencyKey("g", "event", event()),
      idempotencyKey("g", "event", event({ event_type: "order.paid" })),
    );
  });

  it("content: id, time and metadata do not matter, nor does the order of members; anything else does", () => {
    const key = idempotencyKey("g", "content", event());
    const same = event({
      event_id: "e2",
      timestamp: "2027-01-01T00:00:00Z",
      metadata: { service_name: "x", service_version: "2" },
      payload: { b: { d: 3, c: 2 }, a: 1 },
    });
    assert.equal(idempotencyKey("g", "content", same), key);
    assert.notEqual(idempotencyKey("g", "content", event({ payload: { a: 1, b: { c: 2, d: 4 } } })), key);
    assert.notEqual(idempotencyKey("g", "content", event({ aggregate_id: "x" })), key);
  });

  it("named fields: only they matter, wherever they are", () => {
    const strategy = { content: ["b.c", "missing"] };
    const key = idempotencyKey("g", strategy, event());
    assert.equal(idempotencyKey("g", strategy, event({ payload: { a: 9, b: { c: 2 } } })), key);
    assert.notEqual(idempotencyKey("g", strategy, event({ payload: { b: { c: 3 } } })), key);
  });

  it("named fields: one that is null is not one that is missing, and an event without any cannot be known", () => {
    const strategy = { content: ["a", "b.c"] };
    const key = (payload: object) => idempotencyKey("g", strategy, event({ payload }));
    assert.notEqual(key({ a: null, b: { c: 1 } }), key({ b: { c: 1 } }));
    assert.notEqual(key({ a: 1 }), key({ b: { c: 1 } }));
    for (const payload of [{}, { x: 1 }, { b: [] }, JSON.parse('{"__proto__":{"a":1}}')])
      assert.throws(() => key(payload), { type: "WEIR_IDEMPOTENCY_KEY_INVALID" });
  });

  it("custom: what the function says, which must be a text", () => {
    assert.equal(
      idempotencyKey("g", { custom: ({ payload }) => String((payload as { a: number }).a) }, event()),
      "g|custom:1",
    );
    for (const bad of [() => "", () => 5 as unknown as string]) {
      assert.throws(() => idempotencyKey("g", { custom: bad }, event()), {
        type: "WEIR_IDEMPOTENCY_KEY_INVALID",
      });
    }
  });

  it("stores half a character as a hash, which MongoDB would give back as another one", () => {
    const [one, other] = ["\ud800", "\ud801"].map((half) =>
      idempotencyKey("g", { custom: () => half }, event()),
    );
    assert.match(String(one), /^g\|sha256:[\w-]{43}$/);
    assert.notEqual(one, other);
  });

  it("stores long keys as a hash", () => {
    const long = idempotencyKey("g", { custom: () => "x".repeat(2_000) }, event());
    assert.ok(Buffer.byteLength(long) < 100);
    assert.notEqual(long, idempotencyKey("g", { custom: () => "x".repeat(2_001) }, event()));
  });
});
