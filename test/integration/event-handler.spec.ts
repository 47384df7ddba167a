import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import type { DeliverItem, DeliverRequest, Delivery, EventEnvelope, Outcome } from "../../schemas/delivery";
import { WeirRetryableError } from "../../schemas/errors";
import idempotency from "../../services/idempotency/idempotency.service";
import { createSpace, type Space, waitFor } from "../support";
import { createBroker } from "../support/broker";

type Handler = (event: EventEnvelope, delivery: Delivery) => unknown;

/** The plugin's side of the wire form, called as the bridge calls it, with claims in the real MongoDB. */
describe("event-handler mixin", () => {
  let space: Space;
  let broker: ServiceBroker;
  let count = 0;

  before(async () => {
    space = await createSpace();
    ({ broker } = createBroker(space.configuration, [idempotency]));
    await broker.start();
  });
  after(async () => {
    await broker.stop();
    await space.close();
  });

  /** Makes a plugin of its own name and returns a function that delivers to it. */
  async function plugin(options: Omit<Parameters<typeof eventHandler>[0], "group">) {
    count += 1;
    const name = `plugin${count}`;
    const service = broker.createService({ name, mixins: [eventHandler(options)] } as ServiceSchema);
    await broker.waitForServices(name, 5_000, 10);
    const deliver = (items: DeliverItem[], changes: Partial<DeliverRequest> = {}): Promise<Outcome[]> =>
      broker.call(`${name}.deliver`, {
        group: name,
        topic: "t",
        partition: 0,
        epoch: 1,
        attempt: 1,
        items,
        ...changes,
      });
    return { name, service, deliver };
  }

  const statuses = (outcomes: Outcome[]) => outcomes.map(({ status }) => status);

  it("hands each event to the most specific handler, once, and says completed", async () => {
    const seen: string[] = [];
    const note =
      (handler: string): Handler =>
      (event) =>
        void seen.push(`${handler}:${event.event_id}`);
    const { deliver } = await plugin({
      handlers: { "**": note("any"), "order.*": note("order"), "order.placed": note("placed") },
    });
    const outcomes = await deliver([
      item("1", "order.placed"),
      item("2", "order.paid"),
      item("3", "user.registered"),
    ]);
    assert.deepEqual(statuses(outcomes), ["completed", "completed", "completed"]);
    assert.deepEqual(seen.sort(), ["any:3", "order:2", "placed:1"]);
  });

  it("tells the handler where the event comes from", async () => {
    const deliveries: Delivery[] = [];
    const { deliver } = await plugin({
      handlers: { "**": ((_event, delivery) => void deliveries.push(delivery)) as Handler },
    });
    await deliver([item("a", "x.y", { offset: "7", key: "k", headers: { h: "1" } })], {
      topic: "x.y",
      partition: 3,
    });
    const [delivery] = deliveries;
    assert.ok(delivery);
    const { topic, partition, offset, key, headers, attempt, redelivered, signal, ctx } = delivery;
    assert.deepEqual(
      { topic, partition, offset, key, headers, attempt, redelivered },
      {
        topic: "x.y",
        partition: 3,
        offset: "7",
        key: "k",
        headers: { h: "1" },
        attempt: 1,
        redelivered: false,
      },
    );
    assert.equal(signal.aborted, false);
    assert.ok(ctx.id);
  });

  it("absorbs duplicates within a chunk and between chunks", async () => {
    let runs = 0;
    const { deliver } = await plugin({
      handlers: {
        "**": () => {
          runs += 1;
        },
      },
    });
    assert.deepEqual(statuses(await deliver([item("a"), item("b"), item("a")])), [
      "completed",
      "completed",
      "duplicate",
    ]);
    assert.deepEqual(statuses(await deliver([item("b"), item("c")])), ["duplicate", "completed"]);
    assert.equal(runs, 3);
  });

  it("gives up on an event after its attempts, with what the handler threw; the others go on", async () => {
    const attempts: [number, boolean][] = [];
    const { deliver, name } = await plugin({
      handlers: {
        "**": {
          retry: { attempts: 3, base: 1 },
          handler: ((event, { attempt, redelivered }) => {
            if (event.event_id !== "bad") return;
            attempts.push([attempt, redelivered]);
            throw new RangeError("no such thing");
          }) as Handler,
        },
      },
    });
    const outcomes = await deliver([item("good"), item("bad"), item("fine")]);
    assert.deepEqual(statuses(outcomes), ["completed", "failed", "completed"]);
    assert.deepEqual(attempts, [
      [1, false],
      [2, true],
      [3, true],
    ]);
    const failed = outcomes[1] as Extract<Outcome, { status: "failed" }>;
    assert.deepEqual(
      [failed.reason, failed.error.type, failed.error.message, failed.attempts],
      ["handler_error", "RangeError", "no such thing", 3],
    );
    assert.equal(failed.key, `${name}|test.event|bad`);
    assert.deepEqual(
      statuses(await deliver([item("bad")])),
      ["failed"],
      "a failed event's key is free for the next try",
    );
  });

  it("says redelivered of an event that failed, when whoever comes next hands it over again", async () => {
    const marks: boolean[] = [];
    const { deliver, name } = await plugin({
      handlers: {
        "**": {
          retry: false,
          handler: ((_event, { redelivered }) => {
            marks.push(redelivered);
            throw new Error("no");
          }) as Handler,
        },
      },
    });
    const where = { topic: "t", partition: 0 };
    const first = await broker.call<{ epoch: number; progress_id: string }, object>("idempotency.acquire", {
      group: name,
      ...where,
      committed_progress_id: null,
    });
    await deliver([item("a", "test.event", { offset: "7" })], { ...where, epoch: first.epoch });
    // The bridge died before the letter was stored: another one takes the partition over.
    const second = await broker.call<{ epoch: number; redelivered_to: number }, object>(
      "idempotency.acquire",
      { group: name, ...where, committed_progress_id: first.progress_id },
    );
    assert.equal(second.redelivered_to, 7);
    await deliver([item("a", "test.event", { offset: "7" })], { ...where, epoch: second.epoch });
    assert.deepEqual(marks, [false, true]);
  });

  it("ends a hanging handler's event as a timeout, and aborts its signal", async () => {
    let aborted = false;
    const { deliver } = await plugin({
      handlers: {
        "**": {
          timeout: 30,
          handler: ((_event, { signal }) =>
            new Promise(() =>
              signal.addEventListener("abort", () => {
                aborted = true;
              }),
            )) as Handler,
        },
      },
    });
    const [outcome] = await deliver([item("a")]);
    assert.equal(outcome?.status === "failed" && outcome.reason, "timeout");
    assert.ok(aborted);
  });

  it("leaves what does not fit the budget for the next delivery", async () => {
    const { deliver } = await plugin({
      budget: 100,
      handlers: { "**": { timeout: 60, concurrency: 1, handler: () => new Promise(() => undefined) } },
    });
    const outcomes = await deliver([item("a"), item("b"), item("c"), item("d")]);
    assert.equal(outcomes[0]?.status, "failed");
    assert.equal(outcomes.at(-1)?.status, "not_started");
  });

  it("keeps order per key, and runs different keys side by side within the concurrency", async () => {
    const running = new Set<string>();
    let most = 0;
    const order: string[] = [];
    const { deliver } = await plugin({
      handlers: {
        "**": {
          concurrency: 3,
          handler: (async ({ event_id }, { key }) => {
            assert.ok(!running.has(String(key)), "one event of a key at a time");
            running.add(String(key));
            most = Math.max(most, running.size);
            await new Promise((resolve) => setImmediate(resolve));
            order.push(event_id);
            running.delete(String(key));
          }) as Handler,
        },
      },
    });
    const items = Array.from({ length: 20 }, (_, index) =>
      item(String(index), "test.event", { key: `k${index % 5}` }),
    );
    await deliver(items);
    assert.equal(most, 3);
    for (const key of [0, 1, 2, 3, 4]) {
      const ofKey = order.map(Number).filter((id) => id % 5 === key);
      assert.deepEqual(
        ofKey,
        [...ofKey].sort((a, b) => a - b),
      );
    }
  });

  it("marks what an earlier delivery had in hand as redelivered", async () => {
    const marks: boolean[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let hold = true;
    const { deliver } = await plugin({
      handlers: {
        "**": (async (_event, { redelivered }) => {
          marks.push(redelivered);
          if (hold) await held;
        }) as Handler,
      },
    });
    const first = deliver([item("a", "test.event", { offset: "5" })]).catch((error) => error.type);
    await waitFor(() => marks.length === 1, { what: "the first delivery to run" });
    hold = false;
    const second = await deliver(
      [item("a", "test.event", { offset: "5" }), item("b", "test.event", { offset: "6" })],
      { attempt: 2 },
    );
    assert.deepEqual(statuses(second), ["completed", "completed"]);
    assert.deepEqual(marks, [false, true, false]);
    release();
    assert.equal(await first, "WEIR_FENCED", "the delivery that was given up learns that it is");
  });

  it("says busy of what another partition is at, and of what follows it under its Kafka key", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let started = false;
    const { deliver } = await plugin({
      handlers: {
        "**": (async ({ event_id }) => {
          if (event_id !== "x") return;
          started = true;
          await held;
        }) as Handler,
      },
    });
    const other = deliver([item("x")], { partition: 1 });
    await waitFor(() => started, { what: "the other partition's delivery" });
    const outcomes = await deliver([
      item("p", "t.e", { key: "k" }),
      item("x", "test.event", { key: "k" }),
      item("q", "t.e", { key: "k" }),
      item("r", "t.e", { key: "l" }),
    ]);
    assert.deepEqual(statuses(outcomes), ["completed", "busy", "busy", "completed"]);
    release();
    await other;
    const again = await deliver([item("x", "test.event", { key: "k" }), item("q", "t.e", { key: "k" })]);
    assert.deepEqual(statuses(again), ["duplicate", "completed"]);
  });

  it("hands nothing more over when what the handler needs is away, and dead-letters nothing for it", async () => {
    let runs = 0;
    const { deliver } = await plugin({
      handlers: {
        "**": {
          concurrency: 1,
          handler: () => {
            runs += 1;
            if (runs === 2) throw new WeirRetryableError("WEIR_UNAVAILABLE", "the mail server is away");
          },
        },
      },
    });
    const outcomes = await deliver([item("a"), item("b"), item("c")]);
    assert.deepEqual(statuses(outcomes), ["completed", "not_started", "not_started"]);
    assert.equal(outcomes[1]?.status === "not_started" && outcomes[1].reason, "the mail server is away");
    assert.deepEqual(statuses(await deliver([item("a"), item("b"), item("c")])), [
      "duplicate",
      "completed",
      "completed",
    ]);
  });

  it("shows handlers a frozen event", async () => {
    const { deliver } = await plugin({
      handlers: {
        "**": ((event) => {
          (event.payload as { changed?: boolean }).changed = true;
        }) as Handler,
      },
    });
    assert.equal((await deliver([item("a")]))[0]?.status, "failed");
  });

  describe("batch handlers", () => {
    type Batch = (events: EventEnvelope[], deliveries: Delivery[]) => never;
    const batch = (handler: (events: EventEnvelope[]) => unknown) => ({
      batch: true as const,
      retry: { attempts: 1 },
      handler: handler as unknown as Batch,
    });

    it("get a chunk's events in one call, and complete all by returning nothing", async () => {
      const calls: string[][] = [];
      const { deliver } = await plugin({
        handlers: { "**": batch((events) => void calls.push(events.map(({ event_id }) => event_id))) },
      });
      assert.deepEqual(statuses(await deliver([item("a"), item("b"), item("c")])), [
        "completed",
        "completed",
        "completed",
      ]);
      assert.deepEqual(calls, [["a", "b", "c"]]);
    });

    it("are called with halves after a throw, until the culprit is alone", async () => {
      const done: string[] = [];
      const { deliver } = await plugin({
        handlers: {
          "**": batch((events) => {
            if (events.some(({ event_id }) => event_id === "bad")) throw new Error("bad is among them");
            done.push(...events.map(({ event_id }) => event_id));
          }),
        },
      });
      const ids = ["a", "b", "c", "bad", "d", "e", "f"];
      const outcomes = await deliver(ids.map((id) => item(id)));
      assert.deepEqual(
        statuses(outcomes),
        ids.map((id) => (id === "bad" ? "failed" : "completed")),
      );
      assert.deepEqual(done, ["a", "b", "c", "d", "e", "f"]);
    });

    it("say of each event what became of it", async () => {
      const answer: Outcome[] = [
        { status: "completed" },
        {
          status: "failed",
          reason: "declined",
          error: { type: "DECLINED", message: "no" },
          attempts: 1,
          key: "",
        },
        { status: "duplicate" },
      ];
      const { deliver } = await plugin({ handlers: { "**": batch(() => answer) } });
      const outcomes = await deliver([item("a"), item("b"), item("c")]);
      assert.deepEqual(statuses(outcomes), ["completed", "failed", "duplicate"]);
      assert.equal(outcomes[1]?.status === "failed" && outcomes[1].reason, "declined");
    });

    it("fail their events when they return rubbish, and the chunk goes on", async () => {
      const { deliver } = await plugin({ handlers: { "**": batch(() => [{ status: "perhaps" }]) } });
      const outcomes = await deliver([item("a"), item("b")]);
      assert.deepEqual(statuses(outcomes), ["failed", "failed"]);
      assert.equal(outcomes[0]?.status === "failed" && outcomes[0].error.type, "WEIR_BAD_OUTCOME");
    });
  });

  it("refuses a declaration that cannot be, with plugin, option, and what was expected", () => {
    for (const [options, says] of [
      [{ handlers: {} }, /at least one event type/],
      [{ handlers: { "Order placed": () => undefined } }, /event type such as/],
      [{ handlers: { a: "no function" } }, /function/],
      [{ handlers: { a: { handler: () => undefined, timeout: -1 } } }, /timeout.*whole number/],
      [{ handlers: { a: { handler: () => undefined, idempotency: "sometimes" } } }, /idempotency/],
      [{ group: "no spaces", handlers: { a: () => undefined } }, /group/],
      [{ budget: 600_000, handlers: { a: () => undefined } }, /budget/],
      [{ order: "sometimes", handlers: { a: () => undefined } }, /order.*"strict" or "loose"/],
      [{ handlers: { a: { handler: () => undefined, order: true } } }, /order.*"strict" or "loose"/],
      [{ handlers: { a: { handler: () => undefined, order: "strict", batch: true } } }, /batch/],
      [{ order: "strict", handlers: { a: { handler: () => undefined, batch: true } } }, /batch/],
    ] as const) {
      assert.throws(
        () =>
          broker.createService({ name: "wrong", mixins: [eventHandler(options as never)] } as ServiceSchema),
        (error: Error & { type?: string }) =>
          error.type === "WEIR_PLUGIN_INVALID" && says.test(error.message) && /wrong/.test(error.message),
      );
    }
  });
});

function item(
  event_id: string,
  event_type = "test.event",
  delivery: Partial<DeliverItem["delivery"]> = {},
): DeliverItem {
  return {
    event: {
      event_id,
      event_type,
      event_version: "1.0",
      timestamp: "2026-01-01T00:00:00Z",
      metadata: { service_name: "test", service_version: "1" },
      payload: {},
    },
    delivery: { offset: "0", key: null, headers: {}, redelivered: false, ...delivery },
  };
}
