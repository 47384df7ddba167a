import assert from "node:assert/strict";
import type { Producer } from "kafkajs";
import { sendAtRate } from "../../bench/latency/load";
import { latencyBetween } from "../../bench/latency/summary";

const STALL_MS = 20;

describe("latency", () => {
  it("is told by percentiles, the warm-up left out", () => {
    const from = Float64Array.from({ length: 1_100 }, () => 1_000);
    const to = Float64Array.from({ length: 1_100 }, (_, index) => 1_000 + (index < 100 ? 9_999 : index - 99));
    assert.deepEqual(latencyBetween(from, to, 100), { p50: 500, p99: 990, p999: 999, max: 1_000 });
  });

  it("is nothing where the handler was faster than the acknowledgement", () => {
    assert.equal(latencyBetween(Float64Array.of(20), Float64Array.of(10), 0).max, 0);
  });

  it("is not told where an event is missing", () => {
    assert.throws(
      () => latencyBetween(Float64Array.of(1, 1), Float64Array.of(2, 0), 0),
      /Event 1 was not handled/,
    );
  });

  it("counts a stall of Kafka for every event that was due meanwhile", async () => {
    const sent: number[] = [];
    let stalled = false;
    const producer = {
      send: async ({ messages }: { messages: { value: string }[] }) => {
        sent.push(...messages.map(({ value }) => Number(value)));
        if (stalled) return;
        stalled = true;
        // Kafka answers the first request only when the last event is long due.
        const until = performance.now() + STALL_MS;
        while (performance.now() < until) await Promise.resolve();
      },
    } as unknown as Producer;
    const times = { dueAt: new Float64Array(10), ackedAt: new Float64Array(10) };
    const messageAt = (number: number) => ({ key: "k", value: String(number) });
    await sendAtRate(producer, { topic: "t", rate: 1_000, from: 0, to: 10, messageAt }, times);
    assert.deepEqual(sent, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const due = [...times.dueAt].map((at) => Math.round(at - (times.dueAt[0] as number)));
    assert.deepEqual(due, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const [number, acked] of times.ackedAt.entries())
      assert.ok(acked - (times.dueAt[number] as number) >= STALL_MS - number, `event ${number}`);
  });
});
