import assert from "node:assert/strict";
import type { DlqPolicy } from "../../../schemas/dlq-policy";
import { WeirRetryableError } from "../../../schemas/errors";
import type { Redelivery } from "../../../schemas/redelivery";
import type { ItemResult } from "../../../services/dlq/item-result";
import type { Letter } from "../../../services/dlq/letter";
import { createSpace, type Space } from "../../support";
import {
  DAY_MS,
  type DlqNode,
  letterInput,
  STILL_FAILED,
  startDlqNodes,
  TestClock,
} from "../../support/dead-letters";

const LANE = "orders|order.placed|1|ord-1";

/** The dlq service with a bridge that is the test's: which letters may be handed over, and when. */
describe("lanes of dead letters", () => {
  let space: Space;
  let clock: TestClock;
  let nodes: DlqNode[];
  let node: DlqNode;

  beforeEach(async () => {
    space = await createSpace();
    clock = new TestClock();
  });
  afterEach(async () => {
    await Promise.all(nodes.map(({ broker }) => broker.stop()));
    await space.close();
  });

  async function start(policies: DlqPolicy[] = [], { count = 1, retryRate = 10_000 } = {}): Promise<void> {
    const configuration = space.configurationWith({ dlq: { policies, retryRate } });
    nodes = await startDlqNodes(configuration, clock, count);
    node = nodes[0] as DlqNode;
  }
  const letters = () => space.db.collection<Letter>("dead_letters");
  const failed = (offset: number, changes = {}) =>
    letterInput(`e${offset}`, { offset: String(offset), lane: LANE, ...changes });
  const parked = (offset: number, behind: number, changes = {}) =>
    failed(offset, { reason: "parked", attempts: 0, behind, ...changes });
  const act = async (action: string, event: string, more: object = {}) => {
    const { id } = await node.get(event);
    const [result] = await node.call<ItemResult[]>(action, { id, ...more });
    return result as ItemResult;
  };
  const retry = (event: string) => act("dlq.retry", event);
  const discard = (event: string) => act("dlq.discard", event, { reason: "no use", by: "ann" });
  const handed = () => nodes.flatMap(({ redelivered }) => redelivered.map(({ offset }) => offset));
  const failing = (...offsets: string[]) => {
    node.redeliver = ({ offset }: Redelivery) =>
      offsets.includes(offset) ? STILL_FAILED : { status: "delivered" };
  };

  it("keeps to the offsets as numbers, and to the lane", async () => {
    await start();
    await node.put(parked(100, 9), parked(20, 9), failed(9), failed(3, { lane: `${LANE}0`, key: "ord-10" }));
    assert.equal((await retry("e100")).error?.type, "WEIR_DEAD_LETTER_PARKED");
    assert.equal((await retry("e9")).followed, 2);
    assert.deepEqual(handed(), ["9", "20", "100"]);
  });

  it("a parked letter is never retried by a policy, also not by one that names it; its front is", async () => {
    await start([
      { match: {}, retry: { kind: "immediate" } },
      { match: { reason: "parked" }, retry: { kind: "immediate" } },
    ]);
    failing("1");
    await node.put(failed(1), parked(2, 1), parked(3, 1));
    assert.deepEqual(
      [(await node.get("e1")).status, (await node.get("e2")).status],
      ["scheduled", "pending"],
    );
    await node.chores();
    assert.deepEqual(handed(), ["1"]);
    failing();
    await node.chores();
    await node.chores();
    assert.deepEqual(handed(), ["1", "1", "2", "3"], "and what was parked follows by itself");
  });

  it("one that is scheduled behind another is put off, and that is no attempt", async () => {
    await start([{ match: { reason: "timeout" }, retry: { kind: "immediate" } }]);
    await node.put(failed(1), failed(2, { reason: "timeout" }));
    await node.chores();
    const { status, retries } = await node.get("e2");
    assert.deepEqual([handed(), status, retries], [[], "scheduled", 0]);
  });

  it("what follows ends at one that failed for itself, and is not taken up behind it", async () => {
    await start();
    await node.put(failed(1), parked(2, 1), failed(3, { reason: "too_large_for_transporter" }), parked(4, 1));
    assert.equal((await retry("e1")).followed, 1);
    await node.chores();
    assert.deepEqual(handed(), ["1", "2"]);
  });

  it("the front is discarded: the next waits for a person, then the others follow", async () => {
    await start();
    await node.put(failed(1), parked(2, 1), parked(3, 1));
    assert.equal((await discard("e1")).ok, true);
    await node.chores();
    assert.deepEqual(handed(), []);
    assert.equal((await retry("e3")).error?.type, "WEIR_DEAD_LETTER_PARKED");
    assert.equal((await retry("e2")).followed, 1);
    assert.deepEqual(handed(), ["2", "3"]);
  });

  it("also where it became the front by following one that was handled", async () => {
    await start();
    await node.put(failed(1), parked(2, 1), parked(3, 1));
    failing("2");
    await retry("e1");
    await discard("e2");
    failing();
    await node.chores();
    assert.deepEqual(handed(), ["1", "2"]);
    assert.equal((await retry("e3")).ok, true);
  });

  it("another of the lane is discarded: it holds up nothing", async () => {
    await start();
    await node.put(failed(1), parked(2, 1), parked(3, 1));
    await discard("e2");
    assert.equal((await retry("e1")).followed, 1);
    assert.deepEqual(handed(), ["1", "3"]);
  });

  it("the front expires: the next waits for a person, whatever was handled before it", async () => {
    await start();
    await node.put(failed(1));
    await retry("e1");
    await node.put(failed(5), parked(6, 5));
    await letters().deleteOne({ event_id: "e5" });
    await node.chores();
    assert.deepEqual(handed(), ["1"]);
    assert.equal((await retry("e6")).ok, true);
  });

  it("what is behind is kept at least as long as a front that fails again", async () => {
    await start();
    await node.put(failed(1), parked(2, 1));
    clock.pass(6 * DAY_MS);
    failing("1");
    await retry("e1");
    assert.equal((await node.get("e2")).expires_at, (await node.get("e1")).expires_at);
  });

  it("what a gateway that died has left behind is taken up by any other, once", async () => {
    await start([], { count: 3 });
    await node.put(failed(1), ...Array.from({ length: 20 }, (_, index) => parked(index + 2, 1)));
    const [, next] = await letters().find().sort({ lane_offset: 1 }).toArray();
    // The front was handled; the one behind it is in hand when the process ends.
    node.redeliver = () => ({ status: "delivered" });
    await letters().updateOne({ event_id: "e1" }, { $set: { status: "retried", open: false } });
    const until = new Date(clock.at + 1_000);
    await letters().updateOne({ _id: next?._id }, { $set: { claim: "dead", claimed_until: until } });
    await Promise.all(nodes.map((one) => one.chores()));
    assert.deepEqual(handed(), [], "its lease holds");
    clock.pass(1_001);
    const order: string[] = [];
    for (const one of nodes) {
      one.redeliver = ({ offset }) => {
        order.push(offset);
        return { status: "delivered" };
      };
    }
    await Promise.all(nodes.map((one) => one.chores()));
    await node.chores();
    assert.deepEqual(
      order,
      Array.from({ length: 20 }, (_, index) => String(index + 2)),
    );
  });

  it("is left alone while its group cannot be handed letters, and keeps to the group's rate", async () => {
    await start([], { retryRate: 2 });
    await node.put(failed(1), parked(2, 1), parked(3, 1), parked(4, 1));
    await letters().updateOne({ event_id: "e1" }, { $set: { status: "retried", open: false } });
    node.receiving = ["mails"];
    await node.chores();
    assert.deepEqual(handed(), []);
    node.receiving = ["orders"];
    await node.chores();
    assert.deepEqual(handed(), ["2", "3"]);
    await node.chores();
    assert.deepEqual(handed(), ["2", "3"]);
    clock.pass(1_000);
    await node.chores();
    assert.deepEqual(handed(), ["2", "3", "4"]);
  });

  it("the plugin is away in the middle: the rest waits, in order", async () => {
    await start();
    await node.put(failed(1), parked(2, 1), parked(3, 1));
    node.redeliver = ({ offset }) => {
      if (offset === "2") throw new WeirRetryableError("WEIR_PLUGIN_AWAY", "nobody hosts it");
      return { status: "delivered" };
    };
    const results = await node.call<ItemResult[]>("dlq.retry", { filter: { group: "orders" } });
    assert.deepEqual(
      results.map(({ error, followed }) => error?.type ?? followed),
      [0, "WEIR_PLUGIN_AWAY", "WEIR_DEAD_LETTER_PARKED"],
    );
    assert.deepEqual((await node.get("e2")).status, "pending");
    failing();
    await node.chores();
    assert.deepEqual([...new Set(handed())], ["1", "2", "3"]);
    assert.equal(handed().at(-1), "3");
  });

  it("a filter that matches all of a lane answers for each what became of it", async () => {
    await start();
    failing("3");
    await node.put(failed(1), parked(2, 1), parked(3, 1), parked(4, 1));
    const results = await node.call<ItemResult[]>("dlq.retry", { filter: { group: "orders" } });
    assert.deepEqual(
      results.map(({ status, error }) => error?.type ?? status),
      ["retried", "retried", "Error", "WEIR_DEAD_LETTER_PARKED"],
    );
  });

  it("a gateway that wakes up after its letter was taken from it goes on with nothing", async () => {
    await start([], { count: 2 });
    const other = nodes[1] as DlqNode;
    await node.put(failed(1), parked(2, 1), parked(3, 1));
    node.redeliver = async () => {
      // Frozen for longer than the lease; meanwhile all of it is done, but for one that failed anew.
      clock.pass(120_001);
      other.redeliver = ({ offset }) => (offset === "3" ? STILL_FAILED : { status: "duplicate" });
      await other.call("dlq.retry", { id: (await node.get("e1")).id });
      return { status: "delivered" };
    };
    assert.equal((await retry("e1")).followed, 0);
    assert.equal((await node.get("e3")).reason, "handler_error");
    assert.deepEqual(handed().sort(), ["1", "1", "2", "3"]);
  });

  it("is asked for by an index that looks at one letter of each lane, however long that is", async () => {
    await start();
    await node.put(...Array.from({ length: 500 }, (_, index) => parked(index + 1, 1)));
    const match = { $match: { lane: { $in: [LANE, "orders|order.placed|1|other"] }, open: true } };
    const sort = { $sort: { lane: 1, open: 1, lane_offset: 1 } };
    const group = { $group: { _id: "$lane", id: { $first: "$_id" } } };
    const plan = await space.db.command({
      explain: { aggregate: "dead_letters", pipeline: [match, sort, group], cursor: {} },
      verbosity: "executionStats",
    });
    const examined = Number(/"totalKeysExamined":(\d+)/.exec(JSON.stringify(plan))?.[1]);
    assert.ok(examined < 10, `${examined} keys examined`);
    assert.deepEqual(await node.call("dlq.fronts", { lanes: [LANE, "other"] }), [
      { lane: LANE, id: (await node.get("e1")).id, event_id: "e1", offset: 1 },
    ]);
  });

  it("refuses what is no list of lanes, and nobody sees a lane in a letter", async () => {
    await start();
    for (const lanes of [undefined, [], [""], [{ $gt: "" }], { $gt: "" }, "x", [1], ["x".repeat(1_025)]]) {
      await assert.rejects(node.call("dlq.fronts", { lanes }), { name: "ValidationError" }, String(lanes));
    }
    await assert.rejects(node.call("dlq.fronts", { lanes: ["x"], open: false }), { name: "ValidationError" });
    await assert.rejects(node.put({ ...failed(1), lane: { $gt: "" } } as never), { name: "ValidationError" });
    await node.put(failed(1), parked(2, 1));
    const { rows } = await node.call<{ rows: object[] }>("dlq.list");
    for (const row of [...rows, await node.get("e2")]) {
      assert.deepEqual(
        Object.keys(row).filter((name) => /lane|behind|front/.test(name)),
        [],
      );
    }
  });
});
