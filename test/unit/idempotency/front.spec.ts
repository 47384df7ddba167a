import assert from "node:assert/strict";
import { Front } from "../../../services/idempotency/calls/front";

const NOW = new Date("2026-03-02T12:00:00Z");
const after = (ms: number) => new Date(NOW.getTime() + ms);
const known = (json = "1", ttl = 3_600_000) => ({
  fingerprint: "f",
  completed_at: NOW,
  expires_at: after(ttl),
  result: { json },
});

describe("what a node remembers of completed calls", () => {
  it("answers a repeat, and says nothing of what it does not know", () => {
    const front = new Front();
    const call = known();
    front.remember("k", call, NOW);
    assert.equal(front.find("k", NOW), call);
    assert.equal(front.find("other", NOW), undefined);
    const { hits, misses, entries } = front.stats();
    assert.deepEqual([hits, misses, entries], [1, 1, 1]);
  });

  it("forgets after a minute, and with the answer's own time", () => {
    const front = new Front();
    front.remember("long", known(), NOW);
    front.remember("short", known("1", 1_000), NOW);
    assert.ok(front.find("long", after(59_999)));
    assert.ok(front.find("short", after(999)));
    assert.equal(front.find("short", after(1_000)), undefined);
    assert.equal(front.find("long", after(60_000)), undefined);
    assert.equal(front.stats().entries, 0);
  });

  it("keeps 10,000 answers at most, the latest ones", () => {
    const front = new Front();
    for (let n = 0; n < 12_000; n += 1) front.remember(`k${n}`, known(), NOW);
    assert.equal(front.stats().entries, 10_000);
    assert.equal(front.find("k0", NOW), undefined);
    assert.ok(front.find("k11999", NOW));
  });

  it("keeps 16 MiB at most, and none of the largest", () => {
    const front = new Front();
    const large = "x".repeat(200 * 1024);
    for (let n = 0; n < 200; n += 1) front.remember(`k${n}`, known(large), NOW);
    const { entries, bytes } = front.stats();
    assert.ok(bytes <= 16 * 1024 * 1024 && bytes > 15 * 1024 * 1024, `${bytes} bytes`);
    assert.ok(entries < 100);
    front.remember("huge", known("x".repeat(1024 * 1024)), NOW);
    assert.equal(front.find("huge", NOW), undefined);
  });
});
