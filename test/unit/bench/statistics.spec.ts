import assert from "node:assert/strict";
import { median, percentile, quartersOf, spreadOf } from "../../bench/report/statistics";

describe("statistics of measurements", () => {
  it("take the smallest value that a share of all is not above", () => {
    const values = [5, 1, 4, 2, 3];
    assert.equal(percentile(values, 50), 3);
    assert.equal(percentile(values, 99), 5);
    assert.equal(percentile(values, 0), 1);
    const thousand = Array.from({ length: 1_000 }, (_, index) => index + 1);
    assert.deepEqual([percentile(thousand, 99), percentile(thousand, 99.9)], [990, 999]);
    assert.ok(Number.isNaN(percentile([], 50)));
  });

  it("take the middle value, or the mean of the two in the middle", () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([7]), 7);
    assert.ok(Number.isNaN(median([])));
  });

  it("tell the spread, and leave the values in their order", () => {
    const values = [3, 1, 2];
    assert.deepEqual(spreadOf(values), { min: 1, median: 2, max: 3 });
    assert.deepEqual(values, [3, 1, 2]);
  });

  it("take the last sample of each quarter", () => {
    assert.deepEqual(quartersOf([1, 2, 3, 4, 5, 6, 7, 8]), [2, 4, 6, 8]);
    assert.deepEqual(quartersOf([1]), [1, 1, 1, 1]);
  });
});
