import assert from "node:assert/strict";
import { cutChunks } from "../../../services/bridge/cut-chunks";

const sized = (...sizes: number[]) => sizes.map((size) => ({ value: Buffer.alloc(size) }));
const cuts = (sizes: number[], maxMessages: number, maxBytes: number) => [
  ...cutChunks(sized(...sizes), () => ({ maxMessages, maxBytes })),
];

describe("cutting a batch into chunks", () => {
  it("cuts by count", () => {
    assert.deepEqual(cuts([1, 1, 1, 1, 1], 2, 100), [
      [0, 2],
      [2, 4],
      [4, 5],
    ]);
  });

  it("cuts by bytes", () => {
    assert.deepEqual(cuts([40, 40, 40], 10, 100), [
      [0, 2],
      [2, 3],
    ]);
  });

  it("gives a message that is larger than a chunk a chunk of its own", () => {
    assert.deepEqual(cuts([10, 500, 10], 10, 100), [
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it("counts a tombstone as nothing", () => {
    assert.deepEqual(
      [...cutChunks([{ value: null }, { value: null }], () => ({ maxMessages: 10, maxBytes: 1 }))],
      [[0, 2]],
    );
  });
});
