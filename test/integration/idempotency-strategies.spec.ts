import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import type { EventEnvelope } from "../../schemas/delivery";
import type { KeyState } from "../../services/idempotency/inspect";
import { createGateway } from "../../services/runtime/gateway";
import { allCommitted, createSpace, exampleOf, type Space, startReady } from "../support";

const TYPES = ["order.placed", "order.paid", "order.shipped", "order.cancelled", "user.registered"];

/** What a handler says makes two events the same, held against Kafka and MongoDB. */
describe("idempotency strategies of handlers", () => {
  let space: Space;
  let gateway: ServiceBroker;
  const handled: string[] = [];

  const handler = ({ event_type, event_id }: EventEnvelope) => void handled.push(`${event_type} ${event_id}`);
  const plugin = {
    name: "careful",
    mixins: [
      eventHandler({
        handlers: {
          "order.placed": { handler },
          "order.paid": { idempotency: "content", handler },
          "order.shipped": { idempotency: { content: ["order_id"] }, handler },
          "user.registered": {
            idempotency: { custom: ({ aggregate_id }) => `user ${aggregate_id}` },
            handler,
          },
          "order.cancelled": { idempotency: false, handler },
        },
      }),
    ],
  } as ServiceSchema;

  before(async () => {
    space = await createSpace();
    gateway = createGateway(space.configuration, { plugins: [plugin], broker: { logger: false } });
    await startReady(gateway);
    await space.createTopics(TYPES);
  });
  after(async () => {
    await gateway?.stop();
    await space.close();
  });
  beforeEach(() => {
    handled.length = 0;
  });

  const event = (type: string, event_id: string, payload: object = {}, changes: object = {}) => {
    const example = exampleOf(type);
    return { ...example, event_id, payload: { ...example.payload, ...payload }, ...changes };
  };
  /** In one message after the other, each in a chunk of its own → who was handled. */
  async function send(type: string, ...events: object[]): Promise<string[]> {
    for (const one of events) {
      await space.produce(type, [{ key: "k", value: JSON.stringify(one) }]);
      await allCommitted(space, ["events", "careful"], [type]);
    }
    return handled.map((line) => line.slice(type.length + 1));
  }

  it("event: its type and id", async () => {
    const type = "order.placed";
    assert.deepEqual(
      await send(type, event(type, "placed-a"), event(type, "placed-b"), event(type, "placed-a")),
      ["placed-a", "placed-b"],
    );
  });

  it("content: whatever its id, its time and who sent it", async () => {
    const type = "order.paid";
    const volatile = {
      timestamp: "2026-05-05T05:05:05Z",
      metadata: { service_name: "other", service_version: "2", correlation_id: "paid-c" },
    };
    const first = event(type, "paid-a");
    const turned = { ...volatile, payload: Object.fromEntries(Object.entries(first.payload).reverse()) };
    const other = event(type, "paid-c", { amount_cents: 7 });
    assert.deepEqual(await send(type, first, event(type, "paid-b", {}, turned), other), ["paid-a", "paid-c"]);
    assert.equal(
      await space.db.collection("events").countDocuments({ event_type: type }),
      3,
      "the store keeps each id",
    );
  });

  it("named fields: those alone", async () => {
    const type = "order.shipped";
    const [first, same] = [event(type, "shipped-a"), event(type, "shipped-b", { carrier: "another" })];
    assert.notDeepEqual(first.payload, same.payload);
    assert.deepEqual(await send(type, first, same, event(type, "shipped-c", { order_id: "ord-99" })), [
      "shipped-a",
      "shipped-c",
    ]);
  });

  it("custom: what the function says", async () => {
    const type = "user.registered";
    const of = (event_id: string, aggregate_id: string) => event(type, event_id, {}, { aggregate_id });
    assert.deepEqual(await send(type, of("reg-a", "u-1"), of("reg-b", "u-1"), of("reg-c", "u-2")), [
      "reg-a",
      "reg-c",
    ]);
    const key = "careful|custom:user u-1";
    assert.equal((await gateway.call<KeyState, object>("idempotency.get", { key }))?.status, "completed");
  });

  it("false: no keys, every copy is handled", async () => {
    const type = "order.cancelled";
    assert.deepEqual(await send(type, event(type, "cancelled-a"), event(type, "cancelled-a")), [
      "cancelled-a",
      "cancelled-a",
    ]);
    assert.equal(await space.db.collection("idempotency_keys").countDocuments({ keys: /cancelled/ }), 0);
  });
});
