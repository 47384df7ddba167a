import assert from "node:assert/strict";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { Page } from "../../schemas/query-params";
import type { BatchedResult, RedeliveryBatch } from "../../schemas/redelivery";
import dlq from "../../services/dlq/dlq.service";
import type { DryRun } from "../../services/dlq/redrive/start";
import type { RedriveDetails, RedriveRow } from "../../services/dlq/redrive/status";
import type { LetterDetails } from "../../services/dlq/view";
import { createSpace, type Space, waitFor } from "../support";
import { createBroker } from "../support/broker";
import { letterInput } from "../support/dead-letters";

type Redeliver = (batch: RedeliveryBatch) => Promise<BatchedResult[]> | BatchedResult[];

/** Two gateways' dlq services, and what a plugin would answer. */
describe("dlq.redrive", () => {
  let space: Space;
  let broker: ServiceBroker;
  let other: ServiceBroker;
  let redeliver: Redeliver;
  let batches: RedeliveryBatch[];

  const bridge: ServiceSchema = {
    name: "bridge",
    actions: {
      redeliverMany: (ctx: Context<RedeliveryBatch>) => {
        batches.push(ctx.params);
        return redeliver(ctx.params);
      },
    },
  };
  const delivered: Redeliver = ({ letters }) => letters.map(() => ({ status: "delivered" }));
  const failing: BatchedResult = {
    status: "failed",
    reason: "timeout",
    error: { type: "T", message: "slow" },
  };

  before(async () => {
    space = await createSpace();
    broker = createBroker(space.configuration, [dlq, bridge]).broker;
    other = createBroker(space.configuration, [dlq, bridge]).broker;
    await Promise.all([broker.start(), other.start()]);
  });
  after(async () => {
    await Promise.all([broker.stop(), other.stop()]);
    await space.close();
  });
  beforeEach(async () => {
    batches = [];
    redeliver = delivered;
    for (const name of ["dead_letters", "redrives", "redrive_chunks", "dlq_groups"])
      await space.db.collection(name).deleteMany({});
  });

  async function put(count: number, changes: (n: number) => Partial<DeadLetterInput> = () => ({})) {
    for (let from = 0; from < count; from += 1_000) {
      const some = Array.from({ length: Math.min(1_000, count - from) }, (_, index) => from + index);
      const letters = some.map((n) => letterInput(`failed|${n}`, { offset: String(n), ...changes(n) }));
      await broker.call("dlq.put", { letters });
    }
  }
  const redrive = (params: object) => broker.call<RedriveRow, object>("dlq.redrive", params);
  const status = (id: string, more = {}) =>
    broker.call<RedriveDetails, object>("dlq.redriveStatus", { id, ...more });
  const until = (id: string, wanted: string) =>
    waitFor(
      async () => {
        const job = await status(id);
        return job.status === wanted ? job : null;
      },
      { what: `redrive ${id} to be ${wanted}` },
    );
  const open = () => space.db.collection("dead_letters").countDocuments({ open: true });
  const ids = async () =>
    (await space.db.collection("dead_letters").find({}).sort({ _id: 1 }).toArray()).map(({ _id }) =>
      String(_id),
    );

  it("hands over all that match a filter, many in one call, the first alone, and closes them", async () => {
    await put(2_500);
    await put(3, (n) => ({ identity: `other-${n}`, group: "mails" }));
    const job = await redrive({ filter: { group: "orders" }, by: "ada" });
    const done = await until(job.id, "completed");
    assert.deepEqual(
      { total: done.total, done: done.done, counts: done.counts, canary: done.canary, by: done.by },
      {
        total: 2_500,
        done: 2_500,
        counts: { delivered: 2_500, duplicate: 0, failed: 0, closed: 0, gone: 0 },
        canary: "passed",
        by: "ada",
      },
    );
    assert.equal(batches[0]?.letters.length, 1);
    assert.ok(batches.length <= 5, `${batches.length} calls for 2,500 letters`);
    const handed = batches.flatMap(({ letters }) => letters.map(({ offset }) => Number(offset)));
    assert.deepEqual(
      handed,
      Array.from({ length: 2_500 }, (_, n) => n),
    );
    assert.equal(await open(), 3, "what does not match is left alone");
    const [first = ""] = await ids();
    const letter = await broker.call<LetterDetails, object>("dlq.get", { id: first });
    const { at: _at, ...entry } = letter.history.at(-1) ?? { at: "" };
    assert.deepEqual(entry, { action: "retried", result: "delivered", redrive: job.id });
    assert.equal(letter.status, "retried");
  });

  it("keeps to the order of lanes: what is parked is handed over when its turn comes, or told to wait", async () => {
    const laneOf = (n: number) => `orders|order.placed|1|k${n % 3}`;
    await put(60, (n) => ({ lane: laneOf(n), ...(n >= 3 && { reason: "parked", behind: n % 3 }) }));
    redeliver = ({ letters }) =>
      letters.map(({ offset }) => (offset === "31" ? failing : { status: "delivered" }));
    const job = await until((await redrive({ filter: { group: "orders" } })).id, "completed");
    const handed = batches.flatMap(({ letters }) => letters.map(({ offset }) => Number(offset)));
    for (const lane of [0, 1, 2]) {
      const wanted = Array.from({ length: 20 }, (_, index) => 3 * index + lane);
      assert.deepEqual(
        handed.filter((n) => n % 3 === lane),
        lane === 1 ? wanted.slice(0, 11) : wanted,
      );
    }
    assert.deepEqual([job.counts.delivered, job.counts.failed], [50, 10]);
    assert.equal(await open(), 10);
    const waiting = await redrive({ filter: { group: "orders", reason: "parked" } });
    assert.equal((await until(waiting.id, "completed")).counts.failed, 9, "its front is not among them");
    assert.equal(batches.flatMap(({ letters }) => letters).length, handed.length, "nothing was tried");
    redeliver = delivered;
    const rest = await until((await redrive({ filter: { group: "orders" } })).id, "completed");
    assert.deepEqual([rest.counts.delivered, await open()], [10, 0]);
  });

  it("means what matched at its start: what comes later is another redrive's", async () => {
    await put(5);
    redeliver = async (batch) => {
      if (batches.length === 1) await put(5, (n) => ({ identity: `later-${n}` }));
      return delivered(batch);
    };
    const job = await until((await redrive({ filter: { group: "orders" } })).id, "completed");
    assert.equal(job.total, 5);
    assert.equal(await open(), 5);
  });

  it("dry run: how many, of which types, groups and reasons; nothing is begun", async () => {
    await put(3);
    await put(2, (n) => ({
      identity: `r-${n}`,
      group: undefined,
      reason: "invalid",
      event_type: "order.paid",
    }));
    const all = await broker.call<DryRun, object>("dlq.redrive", {
      filter: { to: "2100-01-01T00:00:00Z" },
      dry_run: true,
    });
    assert.deepEqual(all, {
      dry_run: true,
      total: 5,
      by_event_type: { "order.placed": 3, "order.paid": 2 },
      by_group: { orders: 3, "-": 2 },
      by_reason: { handler_error: 3, invalid: 2 },
    });
    const some = await redrive({ ids: (await ids()).slice(0, 2), dry_run: true });
    assert.equal(some.total, 2);
    assert.equal(await space.db.collection("redrives").countDocuments(), 0);
    assert.equal(batches.length, 0);
  });

  it("stops at a canary that fails, says why, and goes on when told to", async () => {
    await put(10);
    redeliver = ({ letters }) => letters.map(() => failing);
    const { id } = await redrive({ filter: { group: "orders" } });
    const paused = await until(id, "paused");
    assert.equal(paused.paused?.by, "weir");
    assert.match(paused.paused?.reason ?? "", /first letter.*slow/);
    assert.equal(batches.length, 1);
    assert.deepEqual([paused.done, paused.counts.failed], [1, 1]);
    redeliver = delivered;
    await broker.call("dlq.resumeRedrive", { id });
    const done = await until(id, "completed");
    assert.deepEqual([done.counts.delivered, done.counts.failed, done.canary], [9, 1, "failed"]);
  });

  it("tells what became of each letter, page by page, and by result", async () => {
    await put(1_200);
    const all = await ids();
    redeliver = ({ letters }) =>
      letters.map(({ offset }) => {
        if (Number(offset) % 100 === 7) return failing;
        return { status: Number(offset) % 2 ? "duplicate" : "delivered" };
      });
    const { id } = await redrive({ filter: { group: "orders" } });
    await until(id, "completed");
    const page = await status(id, { page: 11, pageSize: 100 });
    assert.deepEqual(
      page.items.rows.map((row) => row.id),
      all.slice(1_000, 1_100),
    );
    assert.equal(page.items.total, 1_200);
    assert.deepEqual(page.items.rows[7], {
      id: all[1_007],
      result: "failed",
      error: { type: "T", message: "slow" },
    });
    const failed = await status(id, { result: "failed", pageSize: 5, page: 3 });
    assert.deepEqual(
      [failed.items.total, failed.items.rows.map((row) => row.id)],
      [12, [all[1_007], all[1_107]]],
    );
    assert.equal(await open(), 12);
  });

  it("a letter that is closed, gone or in other hands has an outcome of its own", async () => {
    await put(4);
    const [closed = "", gone = "", held = "", free = ""] = await ids();
    await broker.call("dlq.discard", { id: closed, reason: "test" });
    await space.db.collection("dead_letters").deleteOne({ event_type: "order.placed", offset: "1" });
    await space.db
      .collection("dead_letters")
      .updateOne(
        { offset: "2" },
        { $set: { claim: "somebody", claimed_until: new Date(Date.now() + 60_000) } },
      );
    const { id } = await redrive({ ids: [closed, gone, held, free], canary: false });
    const waiting = await waitFor(
      async () => {
        const job = await status(id);
        return job.waiting && job.done === 3 ? job : null;
      },
      { what: "the others to be done, and the job to say what it waits for" },
    );
    assert.match(waiting.waiting?.reason ?? "", new RegExp(held));
    await space.db
      .collection("dead_letters")
      .updateOne({ offset: "2" }, { $unset: { claim: 1, claimed_until: 1 } });
    const done = await until(id, "completed");
    assert.deepEqual(done.counts, { delivered: 2, duplicate: 0, failed: 0, closed: 1, gone: 1 });
    assert.deepEqual(
      done.items.rows.map(({ result }) => result),
      ["closed", "gone", "delivered", "delivered"],
    );
  });

  it("waits for a plugin that is away, skips nothing, and says so in each later delivery", async () => {
    await put(3);
    let calls = 0;
    redeliver = (batch) => {
      calls += 1;
      if (calls === 1) return Promise.reject(new Error("the connection broke"));
      return calls === 2
        ? batch.letters.map(() => ({
            status: "not_now",
            error: { type: "WEIR_PLUGIN_AWAY", message: "away" },
          }))
        : delivered(batch);
    };
    const { id } = await redrive({ filter: { group: "orders" }, canary: false });
    const done = await until(id, "completed");
    assert.equal(done.counts.delivered, 3);
    assert.equal(done.waiting, undefined);
    const [first, second, third] = batches.map(({ fence }) => fence);
    assert.deepEqual(
      [first?.attempt, second?.attempt, third?.attempt],
      [0, 1, 1],
      "raised after a delivery whose end is not known, and only then",
    );
  });

  it("keeps the order of a Kafka key over the letters that have to wait; other keys go on", async () => {
    await put(6, (n) => ({ key: n < 5 ? "k" : "other" }));
    const away: BatchedResult = { status: "not_now", error: { type: "WEIR_PLUGIN_BUSY", message: "away" } };
    redeliver = (batch) => (batches.length === 1 ? batch.letters.map(() => away) : delivered(batch));
    const { id } = await redrive({ filter: { group: "orders" }, canary: false, rate: 2 });
    await until(id, "completed");
    const handed = batches.map(({ letters }) => letters.map(({ offset }) => Number(offset)));
    assert.deepEqual(handed, [[0, 1], [5], [0, 1], [2, 3], [4]]);
  });

  it("pauses, resumes and cancels, by anybody, also on another gateway", async () => {
    await put(50);
    const { id } = await redrive({ filter: { group: "orders" }, rate: 2, canary: false });
    await waitFor(async () => (await status(id)).done > 0, { what: "the first letters" });
    const paused = await other.call<RedriveRow, object>("dlq.pauseRedrive", { id, by: "grace" });
    assert.deepEqual([paused.status, paused.paused?.by], ["paused", "grace"]);
    await waitFor(
      async () => (await space.db.collection("redrives").countDocuments({ owner: { $exists: true } })) === 0,
      {
        what: "its gateway to let it go",
      },
    );
    const { done } = await status(id);
    assert.ok(done < 50, `${done} done`);
    await other.call("dlq.pauseRedrive", { id });
    const resumed = await other.call<RedriveRow, object>("dlq.resumeRedrive", { id });
    assert.equal(resumed.status, "running");
    await waitFor(async () => (await status(id)).done > done, { what: "it to go on" });
    const cancelled = await broker.call<RedriveRow, object>("dlq.cancelRedrive", { id });
    assert.equal(cancelled.status, "cancelled");
    await assert.rejects(broker.call("dlq.resumeRedrive", { id }), { type: "WEIR_REDRIVE_ENDED", code: 409 });
    await assert.rejects(broker.call("dlq.pauseRedrive", { id: "0".repeat(24) }), {
      type: "WEIR_REDRIVE_NOT_FOUND",
      code: 404,
    });
    await waitFor(async () => (await open()) < 50, { what: "what was done to stay done" });
    const listed = await other.call<Page<RedriveRow>, object>("dlq.redrives", { status: "cancelled" });
    assert.deepEqual(
      listed.rows.map((row) => row.id),
      [id],
    );
    const kept = await space.db
      .collection("redrive_chunks")
      .countDocuments({ expires_at: { $exists: true } });
    assert.equal(kept, 1, "an ended job's letters are removed with it");
  });

  it("goes on where a gateway died: what is closed is not handed over again, and counted once", async () => {
    await put(2_100);
    // A gateway that has taken the job, closed some letters of the second chunk, has others in hand, and is gone.
    let wakeUp: (results: BatchedResult[]) => void = () => undefined;
    redeliver = () =>
      new Promise((resolve) => {
        wakeUp = resolve;
      });
    const { id } = await redrive({ filter: { group: "orders" }, canary: false });
    await waitFor(() => batches.length === 1, { what: "a gateway to have letters in hand" });
    const jobs = space.db.collection("redrives");
    const job = await jobs.findOne({});
    const letters = space.db.collection("dead_letters");
    const inHand = await letters.find({ claim: { $exists: true } }).toArray();
    assert.equal(inHand.length, 1_000);
    const entry = { at: new Date(), action: "retried", result: "delivered", redrive: id };
    await letters.updateMany(
      { _id: { $in: inHand.slice(0, 600).map(({ _id }) => _id) } },
      {
        $set: { status: "retried", open: false },
        $unset: { claim: 1, claimed_until: 1 },
        $push: { history: entry as never },
      },
    );
    // What the other gateway sees after the lease.
    redeliver = delivered;
    await jobs.updateOne({ _id: job?._id }, { $set: { owner: "dead", lease_until: new Date(0) } });
    const done = await until(id, "completed");
    assert.equal(done.counts.delivered, 2_100);
    const [dead, ...alive] = batches;
    assert.equal(dead?.letters.length, 1_000);
    assert.ok(alive.every(({ fence }) => fence.epoch > (dead?.fence.epoch ?? 0)));
    const again = alive.flatMap(({ letters: some }) => some);
    assert.equal(again.length, 1_500);
    assert.equal(new Set(again.map((letter) => letter.id)).size, 1_500);

    // Not dead, only frozen: what it still has to say counts for nothing.
    const before = await letters.find({}).sort({ _id: 1 }).toArray();
    wakeUp(Array.from({ length: 1_000 }, () => failing));
    await redrive({ ids: ["0".repeat(24)] }).then((later) => until(later.id, "completed"));
    assert.deepEqual(await letters.find({}).sort({ _id: 1 }).toArray(), before);
    assert.deepEqual((await status(id)).counts, done.counts);
  });

  it("believes no owner of letters that a later one has taken, though that one died too", async () => {
    await put(3);
    let wakeUp: (results: BatchedResult[]) => void = () => undefined;
    let die: (error: Error) => void = () => undefined;
    redeliver = (batch) => {
      if (batch.fence.epoch === 1) return new Promise((resolve) => (wakeUp = resolve));
      if (batch.fence.epoch === 2) return new Promise((_, reject) => (die = reject));
      return delivered(batch);
    };
    const { id } = await redrive({ filter: { group: "orders" }, canary: false });
    const jobs = space.db.collection("redrives");
    const handedBy = (epoch: number) =>
      waitFor(() => batches.some(({ fence }) => fence.epoch === epoch), {
        what: `owner ${epoch} to hand the letters over`,
      });
    const leaseEnds = () => jobs.updateMany({}, { $set: { owner: "dead", lease_until: new Date(0) } });
    await handedBy(1);
    await leaseEnds();
    await handedBy(2);
    // It was frozen, and says what became of letters that are another's by now.
    const chunk = () => space.db.collection("redrive_chunks").findOne({});
    const before = await chunk();
    wakeUp([1, 2, 3].map(() => ({ status: "delivered" })));
    // Its gateway goes on to other work as soon as it is done with this.
    await redrive({ ids: ["0".repeat(24)] }).then((later) => until(later.id, "completed"));
    assert.deepEqual(await chunk(), before);
    await leaseEnds();
    const { counts } = await until(id, "completed");
    assert.equal(counts.delivered, 3);
    assert.equal(await open(), 0);
    die(new Error("it is dead"));
  });

  it("takes nothing that could do harm", async () => {
    await put(2);
    const [id = ""] = await ids();
    const unknown = "0".repeat(24);
    const invalid: [action: string, params: unknown][] = [
      ["dlq.redrive", {}],
      ["dlq.redrive", { id, filter: { group: "orders" } }],
      ["dlq.redrive", { id: { $ne: null } }],
      ["dlq.redrive", { ids: [] }],
      ["dlq.redrive", { ids: Array.from({ length: 1_001 }, () => unknown) }],
      ["dlq.redrive", { ids: "all" }],
      ["dlq.redrive", { filter: {} }],
      ["dlq.redrive", { filter: { group: { $ne: "x" } } }],
      ["dlq.redrive", { filter: { $where: "sleep(1000)" } }],
      ["dlq.redrive", { filter: { status: "pending" } }],
      ["dlq.redrive", { filter: { fingerprint: "(a+)+$" } }],
      ["dlq.redrive", { filter: JSON.parse('{"group":"orders","__proto__":{"open":false}}') }],
      ["dlq.redrive", { filter: { group: "orders" }, rate: -1 }],
      ["dlq.redrive", { filter: { group: "orders" }, rate: 0.5 }],
      ["dlq.redrive", { filter: { group: "orders" }, by: { $gt: "" } }],
      ["dlq.redrive", { filter: { group: "orders" }, owner: "me" }],
      ["dlq.redrives", { page: -1 }],
      ["dlq.redrives", { pageSize: 100_000 }],
      ["dlq.redrives", { status: { $ne: "running" } }],
      ["dlq.redriveStatus", { id: unknown, result: "$all" }],
      ["dlq.redriveStatus", { id: { $gt: "" } }],
      ["dlq.pauseRedrive", { id: "1" }],
      ["dlq.resumeRedrive", {}],
      ["dlq.cancelRedrive", { id: unknown, by: "x".repeat(257) }],
      ["dlq.groups", { filter: { $expr: {} } }],
      ["dlq.groups", { status: { $ne: "open" } }],
      ["dlq.groups", { pageSize: -5 }],
      ["dlq.setGroup", { fingerprint: { $ne: "" }, status: "open", by: "x" }],
      ["dlq.setGroup", { fingerprint: "0".repeat(16), status: "gone", by: "x" }],
      ["dlq.setGroup", { fingerprint: "0".repeat(16), status: "open" }],
    ];
    for (const [action, params] of invalid) {
      await assert.rejects(
        broker.call(action, params as object),
        { name: "ValidationError" },
        `${action} ${JSON.stringify(params)}`,
      );
    }
    assert.equal(await space.db.collection("redrives").countDocuments(), 0);
    assert.equal(await open(), 2);
  });
});
