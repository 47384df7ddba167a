import assert from "node:assert/strict";
import { boundedRead, skippedBefore } from "../../../mixins/mongo/bounded-read";

describe("a read that somebody asked for", () => {
  it("that MongoDB ended for its time is told with what to do", async () => {
    const ended = Object.assign(new Error("operation exceeded time limit"), { code: 50 });
    await assert.rejects(boundedRead(Promise.reject(ended)), {
      type: "WEIR_READ_TOO_LONG",
      message: /^MongoDB ended this read after 10 s: .* Ask for less/,
    });
  });

  it("that fails otherwise fails with its own error", async () => {
    const refused = Object.assign(new Error("not authorized"), { code: 13 });
    await assert.rejects(boundedRead(Promise.reject(refused)), refused);
    assert.equal(await boundedRead(Promise.resolve(7)), 7);
  });

  it("passes over 100,000 rows at most", () => {
    assert.equal(skippedBefore({ page: 1, pageSize: 20 }), 0);
    assert.equal(skippedBefore({ page: 201, pageSize: 500 }), 100_000);
    assert.throws(
      () => skippedBefore({ page: 202, pageSize: 500 }),
      /Page 202 of 500 rows .* at most 100000/,
    );
  });
});
