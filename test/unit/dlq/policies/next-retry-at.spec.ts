import assert from "node:assert/strict";
import type { Retry } from "../../../../schemas/dlq-policy";
import { nextRetryAt, type RetriedLetter } from "../../../../services/dlq/policies/next-retry-at";

const NOW = new Date("2026-03-02T12:00:00Z");
const MINUTE = 60_000;
const DAY = 86_400_000;

/** ms from now; null: not by itself. */
function pause(retry: Retry, letter: Partial<RetriedLetter> = {}, random = 0.5): number | null {
  const at = nextRetryAt(retry, { created_at: NOW, ...letter }, NOW, random);
  return at && at.getTime() - NOW.getTime();
}

describe("when a dead letter is retried next", () => {
  it("manual: never", () => assert.equal(pause({ kind: "manual" }), null));

  it("immediate: at once, five times if nothing else is said", () => {
    assert.equal(pause({ kind: "immediate" }), 0);
    assert.equal(pause({ kind: "immediate" }, { retries: 4 }), 0);
    assert.equal(pause({ kind: "immediate" }, { retries: 5 }), null);
    assert.equal(pause({ kind: "immediate", limit: 1 }, { retries: 1 }), null);
  });

  it("fixed_interval: always the same pause, up to the limit", () => {
    const retry: Retry = { kind: "fixed_interval", interval_ms: 7 * MINUTE, limit: 2 };
    assert.deepEqual(
      [0, 1, 2].map((retries) => pause(retry, { retries })),
      [7 * MINUTE, 7 * MINUTE, null],
    );
  });

  it("exponential_backoff: 1, 2, 4, 8, 16 minutes if nothing else is said, then a person", () => {
    const pauses = [0, 1, 2, 3, 4, 5].map((retries) => pause({ kind: "exponential_backoff" }, { retries }));
    assert.deepEqual(pauses, [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE, null]);
  });

  it("exponential_backoff: no longer than the maximum, an hour if nothing else is said", () => {
    const retry: Retry = { kind: "exponential_backoff", limit: 1_000, base_ms: MINUTE };
    assert.equal(pause(retry, { retries: 6 }), 60 * MINUTE);
    assert.equal(pause({ ...retry, maximum_ms: 5 * MINUTE, factor: 3 }, { retries: 2 }), 5 * MINUTE);
    assert.equal(pause(retry, { retries: 999 }), 60 * MINUTE, "no overflow");
  });

  it("exponential_backoff: spread by the jitter, a tenth to both sides if nothing else is said", () => {
    const spread = (retry: Retry) => [0, 0.5, 1].map((random) => pause(retry, {}, random));
    assert.deepEqual(spread({ kind: "exponential_backoff" }), [54_000, 60_000, 66_000]);
    assert.deepEqual(spread({ kind: "exponential_backoff", jitter: 0 }), [60_000, 60_000, 60_000]);
    assert.deepEqual(spread({ kind: "exponential_backoff", jitter: 1 }), [0, 60_000, 120_000]);
  });

  it("scheduled: once, at its time; a letter that comes later waits for a person", () => {
    assert.equal(pause({ kind: "scheduled", at: "2026-03-02T15:00:00+02:00" }), 60 * MINUTE);
    assert.equal(pause({ kind: "scheduled", at: "2026-03-02T13:00:00Z" }, { retries: 1 }), null);
    assert.equal(pause({ kind: "scheduled", at: "2026-03-02T12:00:00Z" }), null);
  });

  it("counts what was tried in vain by hand as a retry, but not for what is retried once, at a time", () => {
    assert.equal(pause({ kind: "immediate" }, { retries: 2, in_vain: 2 }), 0);
    assert.equal(pause({ kind: "immediate" }, { retries: 2, in_vain: 3 }), null);
    assert.equal(pause({ kind: "exponential_backoff" }, { in_vain: 2 }), 4 * MINUTE);
    assert.equal(pause({ kind: "scheduled", at: "2026-03-02T13:00:00Z" }, { in_vain: 7 }), 60 * MINUTE);
  });

  it("a letter is at most seven days old, and not expired, when it is retried", () => {
    const retry: Retry = { kind: "fixed_interval", interval_ms: 2 * DAY };
    const created = (days: number) => ({ created_at: new Date(NOW.getTime() - days * DAY) });
    assert.equal(pause(retry, created(5)), 2 * DAY);
    assert.equal(pause(retry, created(5.1)), null);
    assert.equal(pause(retry, { expires_at: new Date(NOW.getTime() + 2 * DAY) }), null);
    assert.equal(pause(retry, { expires_at: new Date(NOW.getTime() + 3 * DAY) }), 2 * DAY);
  });

  it("what was cut, and a kind that this version does not know, wait for a person", () => {
    assert.equal(pause({ kind: "immediate" }, { cut: ["raw"] }), null);
    assert.equal(pause({ kind: "immediate" }, { cut: ["headers"] }), 0);
    assert.equal(pause({ kind: "by_moon" } as unknown as Retry), null);
  });
});
