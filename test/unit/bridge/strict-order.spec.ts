import assert from "node:assert/strict";
import { keepsOrder, laneOfLetter } from "../../../services/bridge/strict-order";

describe("which letters hold back what is behind them", () => {
  const patterns = ["order.placed", "order.*", "**"];
  const strictAt = (strict: string[], type: string) => keepsOrder({ patterns, strict }, type);

  it("those of the handler that gets the event: the most specific one decides", () => {
    assert.equal(strictAt([], "order.placed"), false);
    assert.equal(strictAt(["order.*"], "order.paid"), true);
    assert.equal(strictAt(["order.*"], "order.placed"), false, "it has a handler of its own");
    assert.equal(strictAt(["order.placed"], "order.placed"), true);
    assert.equal(strictAt(["**"], "order.paid"), false);
    assert.equal(strictAt(["**"], "user.registered"), true);
  });

  it("only with a Kafka key, and with what they were parked behind", () => {
    const failed = {
      status: "failed",
      reason: "parked",
      error: { type: "T", message: "m" },
      attempts: 0,
      key: "k",
    } as const;
    const place = { topic: "t", partition: 0, key: "a" };
    assert.deepEqual(laneOfLetter("g", { ...place, key: null }, failed), {});
    assert.deepEqual(laneOfLetter("g", place, failed), { lane: "g|t|0|a" });
    assert.deepEqual(laneOfLetter("g", place, { ...failed, behind: 0 }), { lane: "g|t|0|a", behind: 0 });
  });
});
