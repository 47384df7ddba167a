import assert from "node:assert/strict";
import { Points } from "../../bench/growth/curve";
import { mixture } from "../../bench/growth/duplicates";
import { windowsOf } from "../../bench/growth/expiry";
import { OLD } from "../../bench/growth/old-claims";
import { curveTable } from "../../bench/growth/report";

describe("curves of growth", () => {
  it("gather the rounds of each place", () => {
    const points = new Points();
    for (const [line, x, value] of [
      ["bare", 1, 10],
      ["bare", 4, 40],
      ["bare", 1, 30],
      ["gateway", 1, 1_500],
    ] as const)
      points.add(line, x, value);
    const curve = { name: "c", title: "C", x: "partitions", y: "events/s" as const, measure: async () => [] };
    const { head, rows } = curveTable(curve, points.all());
    assert.deepEqual(head, ["partitions", "bare (events/s)", "gateway (events/s)"]);
    assert.deepEqual(rows, [
      ["1", "20 (10–30)", "1,500"],
      ["4", "40", "-"],
    ]);
  });

  it("mix copies of the same backlog into it", () => {
    const { numbers, distinct } = mixture(10_000, 0.1, 0);
    assert.equal(new Set(numbers).size, distinct);
    assert.ok(Math.abs(10_000 - distinct - 1_000) < 150, String(distinct));
    assert.ok(numbers.every((number, message) => number <= message));
    assert.deepEqual(mixture(100, 0, 0).numbers.length, 100);
    assert.equal(mixture(100, 0, 0).distinct, 100);
  });

  it("mix in events that were handled long before", () => {
    const { numbers, distinct } = mixture(10_000, 0.1, 50_000);
    const old = numbers.filter((number) => number >= OLD);
    assert.equal(old.length, 10_000 - distinct);
    assert.ok(old.every((number) => number < OLD + 50_000));
    assert.equal(new Set(numbers.filter((number) => number < OLD)).size, distinct);
  });

  it("tell the throughput window by window, without one that is not full", () => {
    const progress = [
      { ms: 500, committed: 100 },
      { ms: 2_000, committed: 400 },
      { ms: 3_900, committed: 1_000 },
      { ms: 5_000, committed: 1_200 },
    ];
    assert.deepEqual(windowsOf(progress, 2), [
      { second: 2, perSecond: 200 },
      { second: 4, perSecond: 300 },
    ]);
  });
});
