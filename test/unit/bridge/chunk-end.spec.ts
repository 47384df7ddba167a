import assert from "node:assert/strict";
import { chunkEnd } from "../../../services/bridge/chunk-end";

const sized = (...sizes: number[]) => sizes.map((size) => ({ value: Buffer.alloc(size) }));

describe("cutting a batch into chunks", () => {
  it("cuts by count", () => {
    const messages = sized(1, 1, 1, 1, 1);
    const limits = { maxMessages: 2, maxBytes: 100 };
    assert.deepEqual(
      [0, 2, 4].map((from) => chunkEnd(messages, from, limits)),
      [2, 4, 5],
    );
  });

  it("cuts by bytes", () => {
    const messages = sized(40, 40, 40);
    assert.equal(chunkEnd(messages, 0, { maxMessages: 10, maxBytes: 100 }), 2);
  });

  it("gives a message that is larger than a chunk a chunk of its own", () => {
    const messages = sized(10, 500, 10);
    const limits = { maxMessages: 10, maxBytes: 100 };
    assert.deepEqual(
      [0, 1, 2].map((from) => chunkEnd(messages, from, limits)),
      [1, 2, 3],
    );
  });

  it("counts a tombstone as nothing", () => {
    assert.equal(chunkEnd([{ value: null }, { value: null }], 0, { maxMessages: 10, maxBytes: 1 }), 2);
  });
});
