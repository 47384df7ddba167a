import assert from "node:assert/strict";
import type { Chunk, Entry } from "../../../mixins/event-handler/chunk";
import type { ChunkRun } from "../../../mixins/event-handler/chunk-run";
import { groupOfLane, laneOf } from "../../../mixins/event-handler/lane";
import { StrictOrder } from "../../../mixins/event-handler/strict-order";
import type { Outcome } from "../../../schemas/delivery";
import type { LaneFront } from "../../../schemas/lane";

const FAILED: Outcome = {
  status: "failed",
  reason: "handler_error",
  error: { type: "Error", message: "no" },
  attempts: 1,
  key: "k",
};

describe("strict order within a chunk", () => {
  let asked: string[][];

  beforeEach(() => {
    asked = [];
  });

  const entry = (offset: number, lane: string | null, outcome?: Outcome) =>
    ({
      item: { event: { event_id: `e${offset}` }, delivery: { offset: String(offset) } },
      key: `g|e${offset}`,
      lane,
      outcome,
    }) as Entry;

  function orderOf(entries: Entry[], fronts: LaneFront[] = []): Promise<StrictOrder> {
    const call = async (_action: string, { lanes }: { lanes: string[] }) => {
      asked.push(lanes);
      return fronts;
    };
    const chunk = { entries, work: () => entries.filter(({ outcome }) => !outcome) };
    return StrictOrder.of({ ctx: { call } } as unknown as ChunkRun, chunk as unknown as Chunk);
  }
  const reasons = (entries: Entry[]) =>
    entries.map(({ outcome }) => (outcome?.status === "failed" ? outcome.reason : outcome?.status));

  it("parks what has an open letter at its own offset or in front of it, and says behind what", async () => {
    const entries = [entry(1, "a"), entry(2, "a"), entry(3, "b"), entry(4, "a"), entry(5, null)];
    await orderOf(entries, [{ lane: "a", id: "f00d", event_id: "e2", offset: 2 }]);
    assert.deepEqual(asked, [["a", "b"]], "one question for the whole chunk, each lane once");
    assert.deepEqual(reasons(entries), [undefined, "parked", undefined, "parked", undefined]);
    const parked = entries[3]?.outcome;
    assert.ok(parked?.status === "failed");
    assert.deepEqual(
      [parked.behind, parked.attempts, parked.key, parked.error.type, parked.error.details],
      [2, 0, "g|e4", "WEIR_KEY_PARKED", { front: { id: "f00d", event_id: "e2", offset: 2 } }],
    );
  });

  it("asks nothing where no event of the chunk has a lane", async () => {
    await orderOf([entry(1, null), entry(2, "a", { status: "duplicate" })]);
    assert.deepEqual(asked, []);
  });

  it("parks what is behind an event that fails in the chunk, and nothing else", async () => {
    const entries = [entry(1, "a"), entry(2, "a"), entry(3, "b"), entry(4, "a")];
    const [first, second, other, last] = entries as [Entry, Entry, Entry, Entry];
    const order = await orderOf(entries);
    assert.equal(order.parks(first), false);
    first.outcome = { status: "completed" };
    order.note(first);
    assert.equal(order.parks(second), false, "what was done holds nothing back");
    second.outcome = FAILED;
    order.note(second);
    assert.equal(order.parks(other), false);
    assert.equal(order.parks(last), true);
    assert.ok(last.outcome?.status === "failed");
    assert.deepEqual([last.outcome.reason, last.outcome.behind], ["parked", 2]);
  });

  it("parks what is behind an event that failed before any handler saw it, but not what is in front of it", async () => {
    const entries = [entry(1, "a"), entry(2, "a", FAILED), entry(3, "a")];
    await orderOf(entries);
    assert.deepEqual(reasons(entries), [undefined, "handler_error", "parked"]);
  });

  it("a lane is a group's, a partition's and a key's, whatever the key holds", () => {
    const place = { group: "g", topic: "t", partition: 1, key: "k" };
    const others = [
      { ...place, group: "h" },
      { ...place, scope: "replay/1" },
      { ...place, topic: "u" },
      { ...place, partition: 2 },
      { ...place, key: "" },
      { ...place, key: "1|k" },
      { ...place, key: "\ud800" },
      { ...place, key: "x".repeat(100_000) },
      { ...place, key: `${"x".repeat(100_000)}y` },
    ];
    const lanes = [place, ...others].map(laneOf);
    assert.equal(new Set(lanes).size, lanes.length);
    for (const lane of lanes) assert.ok(Buffer.byteLength(lane) <= 512);
    assert.deepEqual([...new Set(lanes.map(groupOfLane))], ["g", "h"]);
  });
});
