import assert from "node:assert/strict";
import { barsOf } from "../../bench/report/bench-report";
import { HEAD, rowsOf } from "../../bench/report/measurement-table";
import { markdownTable } from "../../bench/report/tables";
import type { Measurement } from "../../bench/session/measurement";
import { contender } from "../../bench/ways/contenders";

const ways = [contender("bare"), contender("gateway"), contender("connect")];

function measured(way: string, round: number, eventsPerSecond: number): Measurement {
  return {
    ...{ way, round, eventsPerSecond, deliveriesPerSecond: eventsPerSecond * 3 },
    ...{ partitions: 4, plugins: 3, bytes: 500, events: 1_000, seconds: 1 },
    ...{ cpuUsPerEvent: 50, rssPeakMb: 200, rssQuartersMb: [], gcShare: 0.05 },
    ...{ loopDelayP99Ms: way === "connect" ? null : 12, mongoUsPerEvent: null, kafkaUsPerEvent: 20 },
  };
}

const measurements = [
  measured("bare", 0, 1),
  measured("gateway", 0, 1_000_000),
  ...[1_000, 2_000, 4_000].map((perSecond, index) => measured("bare", index + 1, perSecond)),
  ...[3_000, 3_000, 4_000].map((perSecond, index) => measured("gateway", index + 1, perSecond)),
];

describe("the table of measurements", () => {
  const rows = rowsOf(measurements, ways);
  const cell = (row: number, column: string) => rows[row]?.[HEAD.indexOf(column)];

  it("has a row for each way that was measured", () => {
    assert.deepEqual(
      rows.map(([name]) => name),
      ["(a) bare loop", "(b) gateway, plain plugins"],
    );
    for (const row of rows) assert.equal(row.length, HEAD.length);
  });

  it("tells medians with their spread, without the warm-up", () => {
    assert.equal(cell(0, "events/s, median (all rounds)"), "2,000 (1,000–4,000)");
    assert.equal(cell(1, "events/s, median (all rounds)"), "3,000 (3,000–4,000)");
    assert.equal(cell(1, "deliveries/s"), "9,000");
  });

  it("compares round by round: the median of the ratios, not the ratio of the medians", () => {
    // 3, 1.5 and 1: of the medians it would be the same by chance only where the rounds are alike.
    assert.equal(cell(1, "ratio"), "1.50 (1.00–3.00)");
    assert.equal(cell(0, "ratio"), "1");
  });

  it("leaves open what was not measured", () => {
    assert.equal(cell(0, "MongoDB µs/event"), "-");
    assert.equal(cell(0, "GC"), "5.0 %");
    assert.equal(
      rowsOf(measurements.slice(4), [contender("gateway")])[0]?.[HEAD.indexOf("loop delay p99")],
      "12 ms",
    );
  });

  it("is drawn with the same values", () => {
    const [, gateway] = barsOf(measurements, ways);
    assert.equal(gateway?.label, "(b) gateway, plain plugins");
    assert.deepEqual([gateway?.min, gateway?.value, gateway?.max], [3_000, 3_000, 4_000]);
    assert.equal(gateway?.highlighted, true);
  });

  it("is Markdown for the page", () => {
    assert.equal(markdownTable(["a", "b"], [["1", "2"]]), "| a | b |\n| --- | --- |\n| 1 | 2 |");
  });
});
