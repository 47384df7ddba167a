import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { MongoClient } from "mongodb";
import { serverTime, watchServerClock } from "../../../mixins/mongo/server-clock";

describe("the server's clock", () => {
  let monotonic = 0;
  const clock = () => monotonic;
  const client = new EventEmitter();
  const answer = (reply: object) => client.emit("serverHeartbeatSucceeded", { reply });
  const at = (uri: string) => serverTime(uri, clock).toISOString();

  before(() => watchServerClock("mongodb://clock", client as unknown as MongoClient, clock));

  it("is the primary's, carried on by the time that passes here", () => {
    monotonic = 1_000;
    answer({ isWritablePrimary: true, localTime: new Date("2026-03-01T10:00:00Z") });
    monotonic = 3_500;
    assert.equal(at("mongodb://clock"), "2026-03-01T10:00:02.500Z");
  });

  it("is corrected by the next answer, also by one in the old form", () => {
    answer({ ismaster: true, localTime: new Date("2026-03-01T10:00:03Z") });
    assert.equal(at("mongodb://clock"), "2026-03-01T10:00:03.000Z");
  });

  it("is not a secondary's, nor that of a server that does not name it", () => {
    answer({ isWritablePrimary: false, localTime: new Date("2027-01-01T00:00:00Z") });
    answer({ isWritablePrimary: true });
    assert.equal(at("mongodb://clock"), "2026-03-01T10:00:03.000Z");
  });

  it("does not move with this machine's clock", () => {
    const { now } = Date;
    try {
      Date.now = () => now() + 3_600_000;
      assert.equal(at("mongodb://clock"), "2026-03-01T10:00:03.000Z");
    } finally {
      Date.now = now;
    }
  });

  it("is this machine's before a server has answered", () => {
    const before = Date.now();
    const told = serverTime("mongodb://nobody", clock).getTime();
    assert.ok(told >= before && told <= Date.now());
  });
});
