import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import { createGateway } from "../../services/runtime/gateway";
import { allCommitted, createSpace, exampleOf, type Space, waitFor } from "../support";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What MongoDB's TTL deletes, it deletes by these dates. */
describe("how long things are kept", () => {
  let space: Space;
  let gateway: ServiceBroker;

  before(async () => {
    space = await createSpace();
    const plugin = {
      name: "picky",
      mixins: [
        eventHandler({
          handlers: {
            "order.placed"({ event_id }) {
              if (event_id === "bad") throw new Error("no");
            },
            "order.paid": { ttl: 2 * DAY_MS, handler() {} },
          },
        }),
      ],
    };
    gateway = createGateway(space.configuration, { plugins: [plugin] as ServiceSchema[] });
    await gateway.start();
    await waitFor(async () => (await gateway.call<{ state: string }>("bridge.status")).state === "ready", {
      what: "ready",
    });
    for (const [type, event_id] of [
      ["order.placed", "good"],
      ["order.placed", "bad"],
      ["order.paid", "long"],
    ] as const) {
      const { payload } = exampleOf(type);
      await gateway.call("bridge.publish", { event_type: type, event_id, payload });
    }
    await allCommitted(space, ["events", "picky"], ["order.placed", "order.paid"]);
  });
  after(async () => {
    await gateway?.stop();
    await space?.close();
  });

  /** Milliseconds between the time something was stored and the time MongoDB may delete it. */
  function kept(document: Record<string, unknown> | null, from: string, to: string): number {
    assert.ok(document, "it is stored");
    return (document[to] as Date).getTime() - (document[from] as Date).getTime();
  }

  it("an event for 30 days", async () => {
    const stored = await space.db.collection("events").findOne({ event_id: "good" });
    assert.equal(kept(stored, "stored_at", "ttl_expires_at"), 30 * DAY_MS);
  });

  it("a dead letter for seven days", async () => {
    const letter = await space.db.collection("dead_letters").findOne({ event_id: "bad" });
    assert.equal(kept(letter, "created_at", "expires_at"), 7 * DAY_MS);
  });

  it("a handled key for an hour, or as long as its handler says", async () => {
    for (const [key, ttl] of [
      ["picky|order.placed|good", HOUR_MS],
      ["picky|order.paid|long", 2 * DAY_MS],
    ] as const) {
      const claim = await space.db.collection("idempotency_keys").findOne({ keys: key });
      const settledAt = claim?._id.getTimestamp().getTime();
      const keptMs = claim?.expires_at.getTime() - settledAt;
      // An ObjectId knows its second only, and the claim was settled a moment after it was made.
      assert.ok(keptMs >= ttl && keptMs < ttl + 60_000, `${key} is kept for ${keptMs} ms`);
    }
  });
});
