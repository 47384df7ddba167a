import assert from "node:assert/strict";
import type { ResolvedHandler } from "../../../mixins/event-handler/options";
import { lanesOf, planChunk } from "../../../mixins/event-handler/plan-chunk";

const batchA = { pattern: "a", batch: true } as ResolvedHandler;
const batchB = { pattern: "b", batch: true } as ResolvedHandler;
const single = { pattern: "c", batch: false } as ResolvedHandler;
const work = (...items: [key: string | null, handler: ResolvedHandler][]) =>
  items.map(([key, handler], index) => ({ index, handler, item: { delivery: { key } } }));

const planned = (items: ReturnType<typeof work>) =>
  planChunk(items).map(({ batch, work: step }) => [
    batch?.pattern ?? "single",
    step.map(({ index }) => index),
  ]);

describe("planning a chunk", () => {
  it("hands a batch handler all its events at once where no order forbids it", () => {
    assert.deepEqual(
      planned(work(["1", batchA], ["2", batchB], ["3", batchA], [null, batchA], ["4", batchB])),
      [
        ["a", [0, 2, 3]],
        ["b", [1, 4]],
      ],
    );
  });

  it("keeps events of one key in order across handlers", () => {
    assert.deepEqual(
      planned(work(["1", batchA], ["1", batchB], ["1", batchA], ["2", batchA], ["1", single])),
      [
        ["a", [0]],
        ["b", [1]],
        ["a", [2, 3]],
        ["single", [4]],
      ],
    );
  });

  it("keeps every key's order in random chunks, and loses nothing", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const handlers = [batchA, batchB, single];
    for (let round = 0; round < 300; round += 1) {
      const items = work(
        ...Array.from(
          { length: 1 + random(30) },
          () =>
            [random(4) === 0 ? null : `k${random(4)}`, handlers[random(3)] ?? single] as [
              string | null,
              ResolvedHandler,
            ],
        ),
      );
      const order = planChunk(items).flatMap(({ work: step }) => step);
      assert.deepEqual(
        order.map(({ index }) => index).sort((a, b) => a - b),
        items.map(({ index }) => index),
      );
      for (const key of ["k0", "k1", "k2", "k3"]) {
        const ofKey = order.filter(({ item }) => item.delivery.key === key).map(({ index }) => index);
        assert.deepEqual(
          ofKey,
          [...ofKey].sort((a, b) => a - b),
        );
      }
    }
  });

  it("makes a lane of each key, and one of each event without a key", () => {
    const lanes = lanesOf(work(["1", single], [null, single], ["1", single], [null, single], ["2", single]));
    assert.deepEqual(
      lanes.map((lane) => lane.map(({ index }) => index)),
      [[0, 2], [1], [3], [4]],
    );
  });
});
