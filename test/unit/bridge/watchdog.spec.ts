import assert from "node:assert/strict";
import { newCounts } from "../../../services/bridge/group-counts";
import type { GroupSeen, PartitionSeen } from "../../../services/bridge/status";
import { Watchdog } from "../../../services/bridge/watchdog";

const LIMIT_MS = 60_000;
const MINUTE_0 = Date.parse("2026-03-02T09:00:00.000Z");

describe("watchdog", () => {
  let now: number;
  let partition: PartitionSeen;
  let group: GroupSeen;
  let told: string[];
  let rebuilt: string[];
  let watchdog: Watchdog;

  beforeEach(() => {
    now = MINUTE_0;
    partition = {
      topic: "order.placed",
      partition: 2,
      committed: "40",
      end: "50",
      lag: 10,
      mine: true,
      in_flight_since: null,
      trouble: null,
    };
    group = {
      group: "notifier",
      service: "notifier",
      nodes: ["n"],
      state: "running",
      lag: 10,
      in_flight: 0,
      counts: newCounts(),
      breaker: { state: "closed", kind: null, failures_in_a_row: 0, probe_at: null },
      partitions: [],
    };
    told = [];
    rebuilt = [];
    watchdog = new Watchdog({
      stuckAfterMs: LIMIT_MS,
      groups: async () => [{ ...group, partitions: [partition] }],
      tell: (change, stuck) => told.push(`${change} ${stuck.group} ${stuck.committed} +${stuck.grown_by}`),
      rebuild: (name) => rebuilt.push(name),
      now: () => now,
    });
  });

  const look = async () => (await watchdog.look())[0]?.partitions[0]?.state;
  /** Looks now and again after a while, and tells what the second look found. */
  const lookAfter = async (ms: number, change: Partial<PartitionSeen> = {}) => {
    await look();
    now += ms;
    partition = { ...partition, ...change };
    return look();
  };

  it("a partition without lag is idle, for however long", async () => {
    partition = { ...partition, committed: "50", lag: 0 };
    assert.equal(await lookAfter(10 * LIMIT_MS), "idle");
    assert.deepEqual([told, rebuilt, watchdog.troubles], [[], [], []]);
  });

  it("one that commits works, however large its lag", async () => {
    assert.equal(await lookAfter(10 * LIMIT_MS, { committed: "41", lag: 5_000 }), "working");
    assert.deepEqual(told, []);
  });

  it("one that has committed nothing for the time is stuck: told once, with its lag's growth and what is in hand", async () => {
    partition = { ...partition, in_flight_since: "2026-03-02T09:00:00.000Z" };
    group = { ...group, in_flight: 1 };
    assert.equal(await lookAfter(LIMIT_MS - 1), "working");
    assert.equal(await lookAfter(1, { lag: 12 }), "stuck");
    assert.equal(await lookAfter(LIMIT_MS), "stuck");
    assert.deepEqual(told, ["stuck notifier 40 +2"]);
    assert.deepEqual(watchdog.troubles, [
      "group notifier: order.placed[2] is stuck at offset 40 since 2026-03-02T09:00:00.000Z, 12 messages wait, a chunk is in hand since 2026-03-02T09:00:00.000Z",
    ]);
    assert.deepEqual(
      rebuilt,
      [],
      "its handler is still at work: a new consumer would hand the chunk out twice",
    );
  });

  it("a stuck one that gets on is told so, and is no trouble any more", async () => {
    await lookAfter(LIMIT_MS);
    assert.equal(await lookAfter(1_000, { committed: "41" }), "working");
    assert.deepEqual(told, ["stuck notifier 40 +0", "moving notifier 40 +0"]);
    assert.deepEqual(watchdog.troubles, []);
  });

  it("with nothing in hand its consumer is replaced, again after each further time", async () => {
    await lookAfter(LIMIT_MS);
    await lookAfter(LIMIT_MS - 1);
    assert.deepEqual(rebuilt, ["notifier"]);
    await lookAfter(1);
    assert.deepEqual(rebuilt, ["notifier", "notifier"]);
  });

  for (const [why, change] of [
    ["a pause", { state: "paused" }],
    ["a plugin that is away", { state: "away" }],
    ["a consumer that joins", { state: "joining" }],
    ["an open breaker", { breaker: { state: "open", kind: "Error", failures_in_a_row: 50, probe_at: null } }],
  ] as const) {
    it(`${why} is a reason to wait, not to be stuck, and the time begins afterwards`, async () => {
      const running = group;
      group = { ...group, ...change };
      assert.equal(await lookAfter(2 * LIMIT_MS), "waiting");
      group = running;
      assert.equal(await lookAfter(LIMIT_MS - 1), "working");
      assert.deepEqual(told, []);
    });
  }

  it("what is told as trouble already is not told as stuck", async () => {
    assert.equal(await lookAfter(2 * LIMIT_MS, { trouble: "MongoDB is away" }), "waiting");
    assert.deepEqual(told, []);
  });

  it("another member's partition is that one's to watch", async () => {
    partition = { ...partition, mine: false };
    assert.equal(await lookAfter(2 * LIMIT_MS), "elsewhere");
    assert.deepEqual(told, []);
  });

  it("a group that is gone leaves no trouble behind", async () => {
    await lookAfter(LIMIT_MS);
    group = { ...group, group: "another" };
    await look();
    assert.deepEqual(watchdog.troubles, []);
  });
});
