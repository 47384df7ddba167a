import assert from "node:assert/strict";
import { sideBySide } from "../../../services/dlq/redrive/side-by-side";

const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

describe("work on parts side by side", () => {
  it("takes each item once, in parts that are neither many nor small", async () => {
    for (const [count, sizes] of [
      [0, []],
      [1, [1]],
      [100, [100]],
      [150, [100, 50]],
      [1_000, [500, 500]],
      [1_001, [501, 500]],
    ] as const) {
      const parts = await sideBySide(numbers(count), async (part) => part);
      assert.deepEqual(parts.flat(), numbers(count));
      assert.deepEqual(
        parts.map(({ length }) => length),
        sizes,
      );
    }
  });

  it("rejects with what a part rejects with, when the others have ended", async () => {
    let ended = 0;
    const work = async (part: number[]) => {
      if (part[0] === 0) throw new Error("the first");
      await new Promise(setImmediate);
      ended += 1;
    };
    await assert.rejects(sideBySide(numbers(400), work), /the first/);
    assert.equal(ended, 1);
  });
});
