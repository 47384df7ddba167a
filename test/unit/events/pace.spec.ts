import assert from "node:assert/strict";
import { Pace } from "../../../services/events/replay/pace";

describe("pace of a replay", () => {
  it("knows no limit without a rate", () => {
    const pace = new Pace(undefined, () => 0);
    assert.deepEqual([pace.chunkOf(1_000), pace.delayAfter(1_000)], [1_000, 0]);
  });

  it("takes a quarter of a second's events at once, one at least", () => {
    const chunkOf = (rate: number) => new Pace(rate, () => 0).chunkOf(1_000);
    assert.deepEqual([0.1, 1, 8, 100, 1_000_000].map(chunkOf), [1, 1, 2, 25, 1_000]);
  });

  it("keeps to the rate, whatever a chunk takes", () => {
    let now = 10_000;
    const pace = new Pace(100, () => now);
    const began = now;
    for (let chunk = 0; chunk < 400; chunk += 1) {
      now += chunk % 7;
      now += pace.delayAfter(25);
    }
    assert.equal(now - began, 100_000);
  });

  it("does not make up for a long wait", () => {
    let now = 0;
    const pace = new Pace(100, () => now);
    now = 3_600_000;
    let waited = 0;
    for (let chunk = 0; chunk < 40; chunk += 1) waited += pace.delayAfter(25);
    assert.ok(waited > 0, "a second's events may come at once, an hour's may not");
  });
});
