import assert from "node:assert/strict";
import type { Outcome } from "../../../schemas/delivery";
import { Breaker, type BreakerChange } from "../../../services/bridge/breaker";

const completed: Outcome = { status: "completed" };
const failed = (type = "ECONNREFUSED", reason = "handler_error"): Outcome => ({
  status: "failed",
  reason,
  error: { type, message: "no" },
  attempts: 1,
  key: "k",
});

describe("circuit breaker", () => {
  let now = 0;
  let changes: BreakerChange[] = [];
  let breaker: Breaker;

  beforeEach(() => {
    now = 1_000;
    changes = [];
    breaker = new Breaker(
      { failures: 3, probeMs: 100 },
      (change) => changes.push(change),
      () => now,
    );
  });

  it("opens after so many failures of one kind in a row, over any number of chunks", () => {
    breaker.record([failed(), failed()]);
    assert.equal(breaker.waitMs(), 0);
    breaker.record([failed()]);
    assert.equal(breaker.waitMs(), 100);
    assert.deepEqual(changes, ["opened"]);
    assert.equal(breaker.status.kind, "handler_error: ECONNREFUSED");
  });

  it("does not open where something succeeds in between, or things fail in different ways", () => {
    breaker.record([
      failed(),
      failed(),
      completed,
      failed(),
      failed(),
      failed("TypeError"),
      failed("TypeError"),
    ]);
    assert.equal(breaker.status.state, "closed");
  });

  it("does not count what was refused for its content, nor duplicates", () => {
    breaker.record([
      failed("X", "event_id_conflict"),
      failed("X", "event_id_conflict"),
      failed("X", "event_id_conflict"),
    ]);
    breaker.record([{ status: "duplicate" }, { status: "duplicate" }]);
    assert.equal(breaker.status.state, "closed");
  });

  it("limits what the next chunk may cost, and tries one event at a time while open", () => {
    assert.equal(breaker.maxFailures, 3);
    breaker.record([failed(), failed()]);
    assert.equal(breaker.maxFailures, 1);
    breaker.record([failed()]);
    assert.deepEqual([breaker.maxFailures, breaker.maxMessages], [1, 1]);
  });

  it("lets one partition probe; the others wait", () => {
    breaker.record([failed(), failed(), failed()]);
    now += 100;
    assert.equal(breaker.waitMs(), 0, "the probe");
    assert.ok(breaker.waitMs() > 0, "everybody else");
    breaker.giveUp();
    assert.equal(breaker.waitMs(), 0, "a probe that brought no outcome is repeated");
  });

  it("waits longer after each failed probe, up to ten times", () => {
    breaker.record([failed(), failed(), failed()]);
    const waits = Array.from({ length: 6 }, () => {
      const wait = breaker.waitMs();
      now += wait;
      breaker.waitMs();
      breaker.record([failed()]);
      return wait;
    });
    assert.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000]);
  });

  it("closes by itself at the first success", () => {
    breaker.record([failed(), failed(), failed()]);
    now += 100;
    breaker.waitMs();
    breaker.record([completed]);
    assert.deepEqual([breaker.waitMs(), breaker.status.state, breaker.maxFailures], [0, "closed", 3]);
    assert.deepEqual(changes, ["opened", "closed"]);
  });

  it("never opens when it is switched off", () => {
    const off = new Breaker(
      { failures: 0, probeMs: 100 },
      () => assert.fail("opened"),
      () => now,
    );
    off.record(Array.from({ length: 1_000 }, () => failed()));
    assert.deepEqual([off.waitMs(), off.maxFailures], [0, undefined]);
  });
});
