import assert from "node:assert/strict";
import type { Collection, ObjectId } from "mongodb";
import type { DlqPolicy } from "../../../schemas/dlq-policy";
import { WeirRetryableError } from "../../../schemas/errors";
import type { LetterMessage } from "../../../schemas/letter-message";
import type { BatchedResult, RedeliveryResult } from "../../../schemas/redelivery";
import { claimLetter } from "../../../services/dlq/claim";
import type { Letter } from "../../../services/dlq/letter";
import type { RedriveDetails, RedriveRow } from "../../../services/dlq/redrive/status";
import { takeLetters } from "../../../services/dlq/redrive/take-letters";
import { claimDue } from "../../../services/dlq/scheduler/claim-due";
import type { LetterDetails } from "../../../services/dlq/view";
import { createSpace, type Space, waitFor } from "../../support";
import { createDlqNode, type DlqNode, letterInput, TestClock } from "../../support/dead-letters";

const MINUTE = 60_000;
const FAILED: RedeliveryResult = {
  status: "failed",
  reason: "handler_error",
  error: { type: "Error", message: "still no paper" },
};
const EACH_MINUTE: DlqPolicy[] = [
  { match: {}, retry: { kind: "fixed_interval", interval_ms: MINUTE, limit: 2 } },
];

describe("redrives of letters that retry by themselves", () => {
  let space: Space;
  let clock: TestClock;
  let node: DlqNode;

  beforeEach(async () => {
    space = await createSpace();
    clock = new TestClock();
    const dlq = { policies: EACH_MINUTE, eventsTopic: "dlq-events" };
    node = createDlqNode(space.configurationWith({ dlq }), clock);
    await node.broker.start();
  });
  afterEach(async () => {
    await node.broker.stop();
    await space.close();
  });

  const letters = () => space.db.collection<Letter>("dead_letters") as unknown as Collection<Letter>;
  const begin = (params = {}) =>
    node.call<RedriveRow>("dlq.redrive", { filter: { group: "orders" }, canary: false, ...params });
  const until = (id: string, wanted: (job: RedriveDetails) => boolean, what: string) =>
    waitFor(
      async () => {
        const job = await node.call<RedriveDetails>("dlq.redriveStatus", { id });
        return wanted(job) ? job : null;
      },
      { what },
    );
  const completed = (id: string) => until(id, ({ status }) => status === "completed", "the redrive's end");
  const sent = () =>
    node.sent.map(({ value_base64 }: LetterMessage) => {
      const { type, event_id } = JSON.parse(Buffer.from(value_base64 ?? "", "base64").toString());
      return `${type} ${event_id}`;
    });

  /** A promise that a test resolves by hand. */
  function gate<T>() {
    let open = (_value: T) => {};
    const opened = new Promise<T>((resolve) => {
      open = resolve;
    });
    return { open, opened };
  }

  it("what a redrive closes is told to listeners and to Kafka, each letter once", async () => {
    await node.put(letterInput("a"), letterInput("b"), letterInput("c"));
    await completed((await begin()).id);
    await node.chores();
    await node.chores();
    await waitFor(() => node.heard.length === 6, { what: "all broker events" });
    const expected = ["received", "retried"].flatMap((what) => ["a", "b", "c"].map((id) => `${what} ${id}`));
    assert.deepEqual([...node.heard].sort(), expected);
    assert.deepEqual(
      sent().sort(),
      expected.map((line) => `dlq.message.${line}`),
    );
    assert.equal(await letters().countDocuments({ "news.at": { $exists: true } } as object), 0);
    const { status, next_retry_at } = await node.get("a");
    assert.deepEqual([status, next_retry_at], ["retried", undefined]);
  });

  it("what fails again in a redrive goes by its policy, which then retries it", async () => {
    await node.put(letterInput("a"));
    clock.pass(MINUTE / 2);
    node.redeliver = () => FAILED;
    const { id } = await begin();
    assert.equal((await completed(id)).counts.failed, 1);
    const { status, next_retry_at, retries, in_vain, history } = await node.get("a");
    assert.deepEqual([status, retries, in_vain], ["scheduled", undefined, 1]);
    assert.equal(next_retry_at, new Date(clock.at + MINUTE).toISOString(), "from this failure on");
    const { redrive, action } = history.at(-1) as { redrive?: string; action: string };
    assert.deepEqual([action, redrive], ["retry_failed", id]);
    clock.pass(MINUTE);
    node.redeliver = () => ({ status: "delivered" });
    await node.chores();
    assert.equal((await node.get("a")).status, "retried");
  });

  it("redrives and retries by hand that fail count towards the policy's limit: nothing goes round for ever", async () => {
    await node.put(letterInput("a"));
    node.redeliver = () => FAILED;
    await completed((await begin()).id);
    assert.equal((await node.get("a")).status, "scheduled", "one of two");
    await node.call("dlq.retry", { filter: { group: "orders" } });
    const { id, status, history } = await node.get("a");
    assert.equal(status, "pending");
    assert.deepEqual(
      history.map(({ action }) => action),
      ["received", "retry_failed", "retry_failed", "exhausted"],
    );
    for (const _ of [1, 2, 3]) {
      clock.pass(10 * MINUTE);
      await node.chores();
      await completed((await begin()).id);
    }
    assert.equal(node.redelivered.length, 5, "a redrive hands it over once, its policy not at all");
    const { in_vain, retries } = await node.call<LetterDetails>("dlq.get", { id });
    assert.deepEqual([in_vain, retries], [5, undefined]);
    assert.deepEqual(
      node.heard.filter((line) => line === "exhausted a"),
      ["exhausted a"],
    );
  });

  it("what a policy retries once, at a time, keeps that time when somebody has tried in vain before it", async () => {
    const at = new Date(clock.at + 60 * MINUTE).toISOString();
    await node.call("dlq.setPolicy", { match: {}, retry: { kind: "scheduled", at }, by: "ann" });
    await node.put(letterInput("a"));
    node.redeliver = () => FAILED;
    await completed((await begin()).id);
    const { status, next_retry_at } = await node.get("a");
    assert.deepEqual([status, next_retry_at], ["scheduled", at]);
    clock.pass(60 * MINUTE);
    node.redeliver = () => ({ status: "delivered" });
    await node.chores();
    assert.equal((await node.get("a")).status, "retried");
  });

  it("the failure that leaves a letter to a person is told, also in a redrive", async () => {
    await node.put(letterInput("a"));
    node.redeliver = () => FAILED;
    clock.pass(MINUTE);
    await node.chores();
    assert.equal((await node.get("a")).retries, 1);
    await node.call("dlq.setPolicy", { match: {}, retry: { kind: "manual" }, by: "ann" });
    await completed((await begin()).id);
    await node.chores();
    const { status, next_retry_at, history } = await node.get("a");
    assert.deepEqual([status, next_retry_at], ["pending", undefined]);
    assert.deepEqual(
      history.map(({ action }) => action),
      ["received", "retry_failed", "retry_failed", "exhausted"],
    );
    await waitFor(() => node.heard.includes("exhausted a"), { what: "the broker event" });
    assert.ok(sent().includes("dlq.message.exhausted a"));
  });

  it("a due letter that a redrive has in hand is not retried by itself", async () => {
    const { open, opened } = gate<RedeliveryResult>();
    node.redeliver = () => opened;
    await node.put(letterInput("a"));
    clock.pass(MINUTE);
    const { id } = await begin();
    await waitFor(() => node.redelivered.length === 1, { what: "the redrive to have it in hand" });
    await node.chores();
    assert.equal(node.redelivered.length, 1);
    open({ status: "delivered" });
    assert.equal((await completed(id)).counts.delivered, 1);
    await node.chores();
    assert.equal(node.redelivered.length, 1, "it is closed");
  });

  it("a letter that is retried by itself is waited for by a redrive, which then finds it closed", async () => {
    const { open, opened } = gate<RedeliveryResult>();
    node.redeliver = () => opened;
    await node.put(letterInput("a"));
    clock.pass(MINUTE);
    const round = node.chores();
    await waitFor(() => node.redelivered.length === 1, { what: "the retry to have it in hand" });
    const { id } = await begin();
    const { waiting } = await until(
      id,
      (job) => job.waiting !== undefined,
      "the redrive to say why it waits",
    );
    assert.match(waiting?.reason ?? "", /is being retried by somebody else/);
    assert.equal(node.redelivered.length, 1);
    open({ status: "delivered" });
    await round;
    assert.equal((await completed(id)).counts.closed, 1);
    assert.equal(node.redelivered.length, 1);
  });

  it("what one of them had in hand when it died is the other's after the lease, and not before", async () => {
    await node.put(letterInput("a"));
    clock.pass(MINUTE);
    const ids = (await letters().find({}).toArray()).map(({ _id }) => _id);
    const taker = { job: "0".repeat(24), epoch: 1 };
    assert.equal((await claimDue(letters(), ids, "a scheduler", clock.now())).length, 1);
    clock.pass(119_000);
    assert.equal((await takeLetters(letters(), ids, taker, clock.now())).length, 0);
    clock.pass(2_000);
    assert.equal((await takeLetters(letters(), ids, taker, clock.now())).length, 1);
    clock.pass(119_000);
    assert.equal((await claimDue(letters(), ids, "a scheduler", clock.now())).length, 0);
    await assert.rejects(claimLetter(letters(), String(ids[0]), "by hand", clock.now()), {
      type: "WEIR_DEAD_LETTER_BUSY",
    });
    clock.pass(2_000);
    assert.equal((await claimDue(letters(), ids, "a scheduler", clock.now())).length, 1);
  });

  it("pauses after six minutes in which nothing got on, says why, skips nothing, and goes on when it is told to", async () => {
    node.redeliver = () => Promise.reject(new WeirRetryableError("WEIR_PLUGIN_AWAY", "gone for good"));
    await node.put(letterInput("a"), letterInput("b"));
    const { id } = await begin();
    await until(id, ({ waiting }) => waiting !== undefined, "it to say that it waits");
    clock.pass(6 * MINUTE);
    const asked = node.redelivered.length;
    await waitFor(() => node.redelivered.length > asked, { what: "another try" });
    assert.equal((await node.call<RedriveDetails>("dlq.redriveStatus", { id })).status, "running");
    clock.pass(1);
    const { paused, done, total } = await until(id, ({ status }) => status === "paused", "the pause");
    assert.deepEqual([paused?.by, done, total], ["weir", 0, 2]);
    assert.match(paused?.reason ?? "", /gone for good/);
    assert.equal(await letters().countDocuments({ open: true, claim: { $exists: false } }), 2);

    node.redeliver = () => ({ status: "delivered" });
    await node.call("dlq.resumeRedrive", { id, by: "ada" });
    assert.equal((await completed(id)).counts.delivered, 2);
  });

  it("schedulers, redrives and retries by hand at once: each letter is in the hands of one", async () => {
    await node.put(...Array.from({ length: 300 }, (_, n) => letterInput(`l-${n}`)));
    clock.pass(MINUTE);
    const ids = (await letters().find({}).toArray()).map(({ _id }) => _id);
    const now = clock.now();
    const job = (name: string) => ({ job: name.repeat(24), epoch: 1 });
    const taken = await Promise.all([
      claimDue(letters(), ids, "one", now),
      takeLetters(letters(), ids, job("a"), now),
      claimDue(letters(), [...ids].reverse(), "two", now),
      takeLetters(letters(), [...ids].reverse(), job("b"), now),
      byHand(ids.slice(100, 200), now),
    ]);
    const all = taken.flat().map((one) => String("_id" in one ? one._id : one));
    assert.deepEqual([all.length, new Set(all).size], [300, 300]);
  });

  async function byHand(ids: ObjectId[], now: Date): Promise<Letter[]> {
    const taken = ids.map((id) => claimLetter(letters(), String(id), `by hand ${id}`, now).catch(() => null));
    return (await Promise.all(taken)).filter((letter) => letter !== null);
  }

  it("tells of no letter that somebody else had taken when its lease was over", async () => {
    const { open, opened } = gate<BatchedResult>();
    node.redeliver = () => opened as Promise<RedeliveryResult>;
    await node.put(letterInput("a"), letterInput("b"));
    const { id } = await begin();
    await waitFor(() => node.redelivered.length === 2, { what: "both to be in hand" });
    // As after a pause of two minutes.
    await letters().updateOne({ event_id: "a" }, { $set: { claim: "somebody", claimed_until: clock.now() } });
    open({ status: "delivered" });
    await completed(id);
    await waitFor(() => node.heard.includes("retried b"), { what: "the broker event" });
    assert.ok(!node.heard.includes("retried a"));
    assert.equal((await node.get("a")).open, true);
  });
});
