import assert from "node:assert/strict";
import type { Logger } from "moleculer";
import { Lane } from "../../../services/bridge/lane";
import type { Ownership } from "../../../services/bridge/ownership";

const logger = { info: () => undefined, warn: () => undefined } as unknown as Logger;

function ownedLane(): Lane & { owned: Ownership } {
  const lane = new Lane("g", "t", 0);
  lane.owned = {
    topic: "t",
    partition: 0,
    join: 1,
    epoch: 1,
    progressId: "p",
    metadata: "weir:p",
    redeliveredTo: -1,
    next: 0,
    position: 0,
    attempt: 1,
  };
  return lane as Lane & { owned: Ownership };
}

describe("a lane", () => {
  it("marks as redelivered what comes again after a delivery that was given up", () => {
    const lane = ownedLane();
    lane.inHandTo = 41;
    lane.giveUp(new Error("MongoDB is away"), logger);
    assert.equal(lane.owned.redeliveredTo, 41);
    assert.equal(lane.owned.attempt, 2);
  });

  it("marks as redelivered what a handler began and what it did behind a busy event, not what is only busy", () => {
    const lane = ownedLane();
    lane.inHandTo = 41;
    lane.hold({ passed: [], held: { fate: "busy" } }, logger);
    assert.equal(lane.owned.redeliveredTo, -1);
    lane.hold({ passed: [], held: { fate: "busy", handledTo: 7 } }, logger);
    assert.equal(lane.owned.redeliveredTo, 7);
    lane.hold({ passed: [], held: { fate: "not_started", reason: "the mail server is away" } }, logger);
    assert.equal(lane.owned.redeliveredTo, 41);
  });
});
