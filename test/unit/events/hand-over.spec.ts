import assert from "node:assert/strict";
import type { ReplayAnswer, ReplayFate, ReplayItem, ReplayRequest } from "../../../schemas/replay";
import { ReplayGroup, TooManyFailures } from "../../../services/events/replay/hand-over";
import { NO_COUNTS } from "../../../services/events/replay/session";

const items = (...ids: string[]) =>
  ids.map(
    (event_id) => ({ event: { event_id }, topic: "t", partition: 0, offset: "0", key: null }) as ReplayItem,
  );

describe("handing a replayed chunk to a group", () => {
  let asked: { ids: string[]; attempt: number; max_failures: number | undefined }[];
  let answers: (ReplayAnswer | Error)[];
  let waits: number[];
  let told: string[];
  beforeEach(() => {
    asked = [];
    answers = [];
    waits = [];
    told = [];
  });

  const group = (maxFailures = 0) =>
    new ReplayGroup(
      {
        async replay({ items: given, attempt, max_failures }: ReplayRequest) {
          asked.push({ ids: given.map(({ event }) => event.event_id), attempt, max_failures });
          const answer = answers.shift();
          if (!answer) throw new Error("no more answers");
          if (answer instanceof Error) throw answer;
          return answer;
        },
        wait: async (ms) => void waits.push(ms),
        tell: async (waiting) => void told.push(waiting),
      },
      { replay: "r", epoch: 1, again: true },
      "g",
      maxFailures,
    );
  const fates = (...list: ReplayFate[]): ReplayAnswer => ({ fates: list });
  const never = new AbortController().signal;

  it("counts what became of each event", async () => {
    answers = [fates("completed", "duplicate", "failed", "passed_over")];
    const counts = await group().handOver(items("a", "b", "c", "d"), never);
    assert.deepEqual(counts, { ...NO_COUNTS, delivered: 1, duplicates: 1, failed: 1, passed_over: 1 });
    assert.deepEqual(waits, []);
  });

  it("hands over again what waits, and nothing else: at once while it gets on, after growing pauses where it does not", async () => {
    answers = [
      fates("completed", "waiting", "waiting"),
      fates("waiting", "waiting"),
      { fates: ["waiting", "waiting"], reason: "the warehouse is away" },
      fates("completed", "completed"),
    ];
    await group().handOver(items("a", "b", "c"), never);
    assert.deepEqual(
      asked.map(({ ids }) => ids.join()),
      ["a,b,c", "b,c", "b,c", "b,c"],
    );
    assert.deepEqual(waits, [250, 500]);
    assert.match(told[1] ?? "", /^group g: the warehouse is away$/);
  });

  it("waits longer and longer for what is away, and lets the next delivery take over what one that was given up has claimed", async () => {
    answers = [...Array.from({ length: 7 }, () => new Error("nobody is there")), fates("completed")];
    await group().handOver(items("a"), never);
    assert.deepEqual(waits, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    assert.deepEqual(
      asked.map(({ attempt }) => attempt),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
  });

  it("takes an answer with too few fates for no answer about the rest", async () => {
    answers = [fates("completed"), fates("completed")];
    assert.equal((await group().handOver(items("a", "b"), never)).delivered, 2);
    assert.deepEqual(asked[1]?.ids, ["b"]);
  });

  it("stops when a group fails event after event, over chunks; a success begins the count anew", async () => {
    const failing = group(3);
    answers = [
      fates("failed", "failed"),
      fates("completed"),
      fates("failed", "failed"),
      fates("failed", "waiting"),
    ];
    await failing.handOver(items("a", "b"), never);
    await failing.handOver(items("c"), never);
    await failing.handOver(items("d", "e"), never);
    await assert.rejects(failing.handOver(items("f", "g"), never), TooManyFailures);
    assert.ok(asked.every(({ max_failures }) => max_failures === 3));
  });

  it("begins nothing more when it is stopped", async () => {
    const stop = new AbortController();
    answers = [fates("waiting")];
    const handing = group().handOver(items("a"), stop.signal);
    stop.abort();
    await assert.rejects(handing, { name: "AbortError" });
    assert.equal(asked.length, 1);
  });
});
