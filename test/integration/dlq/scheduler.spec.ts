import assert from "node:assert/strict";
import type { ObjectId } from "mongodb";
import type { DlqPolicy } from "../../../schemas/dlq-policy";
import { WeirRetryableError } from "../../../schemas/errors";
import type { RedeliveryResult } from "../../../schemas/redelivery";
import type { ItemResult } from "../../../services/dlq/item-result";
import type { Letter } from "../../../services/dlq/letter";
import { claimDue, findDue, takeForRetry } from "../../../services/dlq/scheduler/claim-due";
import { createSpace, type Space, waitFor } from "../../support";
import {
  DAY_MS,
  type DlqNode,
  letterInput,
  STILL_FAILED,
  startDlqNodes,
  TestClock,
} from "../../support/dead-letters";

const MINUTE = 60_000;

describe("dead letters that retry by themselves", () => {
  let space: Space;
  let clock: TestClock;
  let nodes: DlqNode[];
  let node: DlqNode;

  beforeEach(async () => {
    space = await createSpace();
    clock = new TestClock();
    nodes = [];
  });
  afterEach(async () => {
    await Promise.all(nodes.map(({ broker }) => broker.stop()));
    await space.close();
  });

  async function start(policies: DlqPolicy[], { count = 1, retryRate = 10_000 } = {}): Promise<void> {
    const configuration = space.configurationWith({ dlq: { policies, retryRate } });
    nodes = await startDlqNodes(configuration, clock, count);
    node = nodes[0] as DlqNode;
  }
  const all = (retry: DlqPolicy["retry"]): DlqPolicy[] => [{ match: {}, retry }];
  const actions = async (identity: string) => (await node.get(identity)).history.map(({ action }) => action);

  it("exponential backoff: at 1, 2, 4, 8, 16 minutes, then a person, and everybody is told", async () => {
    await start(all({ kind: "exponential_backoff", jitter: 0 }));
    node.redeliver = () => STILL_FAILED;
    await node.put(letterInput("a"));
    for (const [index, minutes] of [1, 2, 4, 8, 16].entries()) {
      clock.pass(minutes * MINUTE - 1);
      await node.chores();
      assert.equal(node.redelivered.length, index, "not before its time");
      clock.pass(1);
      await node.chores();
      assert.equal(node.redelivered.length, index + 1, `after ${minutes} minutes`);
    }
    const { status, open, retries, attempts, next_retry_at, history } = await node.get("a");
    assert.deepEqual(
      { status, open, retries, attempts, next_retry_at },
      { status: "pending", open: true, retries: 5, attempts: 8, next_retry_at: undefined },
    );
    const failed = Array.from({ length: 5 }, () => "retry_failed");
    assert.deepEqual(
      history.map(({ action }) => action),
      ["received", ...failed, "exhausted"],
    );
    clock.pass(DAY_MS);
    await node.chores();
    assert.equal(node.redelivered.length, 5, "never again by itself");
    await waitFor(() => node.heard.length === 2, { what: "both broker events" });
    assert.deepEqual(node.heard, ["received a", "exhausted a"]);
    const [again] = await node.call<ItemResult[]>("dlq.retry", { id: (await node.get("a")).id });
    assert.deepEqual([again?.ok, again?.status], [false, "pending"], "by hand it may be tried again");
    assert.equal((await actions("a")).filter((action) => action === "exhausted").length, 1);
  });

  it("closes what succeeds; retried is the end of it", async () => {
    await start(all({ kind: "immediate" }));
    let runs = 0;
    node.redeliver = () => (++runs === 1 ? STILL_FAILED : { status: "delivered" });
    await node.put(letterInput("a"));
    await node.chores();
    await node.chores();
    await node.chores();
    assert.equal(runs, 2);
    const { id, status, open, next_retry_at } = await node.get("a");
    assert.deepEqual([status, open, next_retry_at], ["retried", false, undefined]);
    assert.deepEqual(await actions("a"), ["received", "retry_failed", "retried"]);
    for (const action of ["dlq.retry", "dlq.discard"]) {
      const params = action === "dlq.retry" ? { id } : { id, reason: "too late", by: "ann" };
      const [answer] = await node.call<ItemResult[]>(action, params);
      assert.deepEqual([answer?.status, answer?.error?.type], ["retried", "WEIR_DEAD_LETTER_CLOSED"]);
    }
  });

  it("discarded is the end of it as well, also of what was to be retried", async () => {
    await start(all({ kind: "fixed_interval", interval_ms: MINUTE }));
    await node.put(letterInput("a"));
    const { id } = await node.get("a");
    const discard = { id, reason: "sent by mistake", by: "ann" };
    assert.equal((await node.call<ItemResult[]>("dlq.discard", discard))[0]?.ok, true);
    clock.pass(2 * MINUTE);
    await node.chores();
    assert.equal(node.redelivered.length, 0);
    const { status, history } = await node.get("a");
    assert.equal(status, "discarded");
    assert.deepEqual(history.at(-1), {
      at: new Date(clock.at - 2 * MINUTE).toISOString(),
      action: "discarded",
      reason: "sent by mistake",
      by: "ann",
    });
    assert.equal(
      (await node.call<ItemResult[]>("dlq.retry", { id }))[0]?.error?.type,
      "WEIR_DEAD_LETTER_CLOSED",
    );
  });

  it("scheduled: once, at its time", async () => {
    const at = new Date(clock.at + 3 * 60 * MINUTE).toISOString();
    await start(all({ kind: "scheduled", at }));
    node.redeliver = () => STILL_FAILED;
    await node.put(letterInput("a"));
    assert.equal((await node.get("a")).next_retry_at, at);
    clock.pass(3 * 60 * MINUTE);
    await node.chores();
    assert.deepEqual(await actions("a"), ["received", "retry_failed", "exhausted"]);
    await node.put(letterInput("late"));
    assert.equal((await node.get("late")).status, "pending");
  });

  it("is never older than seven days", async () => {
    await start(all({ kind: "fixed_interval", interval_ms: 3 * DAY_MS, limit: 100 }));
    node.redeliver = () => STILL_FAILED;
    await node.put(letterInput("a"));
    for (let day = 0; day < 12; day++) {
      clock.pass(DAY_MS);
      await node.chores();
    }
    assert.deepEqual(await actions("a"), ["received", "retry_failed", "retry_failed", "exhausted"]);
  });

  it("a plugin that is away, paused or failing all the time is waited for, and that is no attempt", async () => {
    await start(all({ kind: "immediate", limit: 1 }));
    node.receiving = [];
    await node.put(letterInput("a"));
    await node.chores();
    assert.equal(node.redelivered.length, 0);
    // It goes away between the question and the delivery.
    node.receiving = ["orders"];
    node.redeliver = () => Promise.reject(new WeirRetryableError("WEIR_PLUGIN_AWAY", "gone"));
    await node.chores();
    const waiting = await node.get("a");
    assert.deepEqual([waiting.status, waiting.retries, waiting.attempts], ["scheduled", 0, 3]);
    await node.chores();
    assert.equal(node.redelivered.length, 1, "asked again after a while, not at once");
    clock.pass(30_000);
    node.redeliver = () => ({ status: "delivered" });
    await node.chores();
    assert.equal((await node.get("a")).status, "retried");
  });

  it("a message that was refused has no plugin to wait for", async () => {
    await start([{ match: { reason: "unknown_type" }, retry: { kind: "immediate" } }]);
    node.receiving = [];
    await node.put(letterInput("a", { group: undefined, reason: "unknown_type" }));
    await node.chores();
    assert.equal((await node.get("a")).status, "retried");
  });

  it("a policy that is made manual stops what was to be retried", async () => {
    await start(all({ kind: "fixed_interval", interval_ms: MINUTE }));
    await node.put(letterInput("a"));
    await node.call("dlq.setPolicy", { match: {}, retry: { kind: "manual" }, by: "ann" });
    clock.pass(MINUTE);
    await node.chores();
    assert.equal(node.redelivered.length, 0);
    assert.deepEqual(await actions("a"), ["received", "unscheduled"]);
    assert.equal((await node.get("a")).status, "pending");
  });

  it("retries no more letters of a group in a second than the rate allows, by all gateways together", async () => {
    await start(all({ kind: "immediate" }), { count: 3, retryRate: 10 });
    const letters = (group: string) =>
      Array.from({ length: 25 }, (_, n) => letterInput(`${group}-${n}`, { group }));
    await node.put(...letters("orders"), ...letters("mails"));
    const redelivered = (group: string) =>
      nodes.flatMap((one) => one.redelivered.filter((letter) => letter.group === group)).length;
    for (const expected of [10, 20, 25, 25]) {
      for (let round = 0; round < 2; round++) await Promise.all(nodes.map((one) => one.chores()));
      assert.deepEqual([redelivered("orders"), redelivered("mails")], [expected, expected]);
      clock.pass(1_000);
    }
  });

  it("a group whose plugin is slow holds up no other group", async () => {
    await start(all({ kind: "immediate" }));
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    node.redeliver = async ({ group }) => {
      if (group === "orders") await finished;
      return { status: "delivered" };
    };
    await node.put(letterInput("slow"));
    const slow = node.chores();
    await waitFor(() => node.redelivered.length === 1, { what: "the slow one to be under way" });
    await node.put(letterInput("quick", { group: "mails" }));
    await node.chores();
    assert.deepEqual(
      [(await node.get("slow")).status, (await node.get("quick")).status],
      ["scheduled", "retried"],
    );
    finish();
    await slow;
    assert.equal((await node.get("slow")).status, "retried");
    assert.equal(node.redelivered.length, 2);
  });

  it("three gateways at once: each letter is retried by one of them, once", async () => {
    await start(all({ kind: "immediate" }), { count: 3 });
    await node.put(...Array.from({ length: 300 }, (_, n) => letterInput(`l-${n}`)));
    const closed = () => space.db.collection("dead_letters").countDocuments({ status: "retried" });
    await waitFor(
      async () => {
        await Promise.all(nodes.map((one) => one.chores()));
        return (await closed()) === 300;
      },
      { what: "all letters to be retried" },
    );
    const ids = nodes.flatMap((one) => one.redelivered.map(({ id }) => id));
    assert.deepEqual([ids.length, new Set(ids).size], [300, 300]);
    assert.ok(nodes.filter((one) => one.redelivered.length > 0).length > 1, "the work is shared");
  });

  it("what one has claimed another cannot, though it saw it as free before", async () => {
    await start(all({ kind: "immediate" }));
    await node.put(letterInput("a"), letterInput("b"));
    const letters = space.db.collection<Letter>("dead_letters");
    const [seen, alsoSeen] = [
      await findDue(letters, "orders", clock.now(), 1),
      await findDue(letters, "orders", clock.now(), 2),
    ];
    assert.equal((await claimDue(letters, seen, "one", clock.now())).length, 1);
    const rest = await claimDue(letters, alsoSeen, "other", clock.now());
    assert.deepEqual(
      rest.map(String),
      alsoSeen.map(String).filter((id) => id !== String(seen[0])),
    );
    assert.equal(await takeForRetry(letters, alsoSeen[0] as ObjectId, "nobody", clock.now()), null);
  });

  it("what a gateway had claimed when it died is another's after the lease, and was an attempt", async () => {
    await start(all({ kind: "immediate", limit: 2 }), { count: 2 });
    const [dying, next] = nodes as [DlqNode, DlqNode];
    let died = 0;
    let wakeUp = (_result: RedeliveryResult) => {};
    // It hears nothing more of its letter, as after kill -9.
    dying.redeliver = () => {
      died++;
      return new Promise<RedeliveryResult>((resolve) => {
        wakeUp = resolve;
      });
    };
    await node.put(letterInput("a"));
    const late = dying.chores();
    await waitFor(() => died === 1, { what: "the letter to be in hand" });
    await next.chores();
    clock.pass(119_000);
    await next.chores();
    assert.equal(next.redelivered.length, 0, "the lease still holds");
    clock.pass(2_000);
    next.redeliver = () => STILL_FAILED;
    await next.chores();
    assert.equal(next.redelivered.length, 1);
    assert.deepEqual(
      await actions("a"),
      ["received", "retry_failed", "exhausted"],
      "one attempt was lost, one failed",
    );
    const before = await next.get("a");
    wakeUp({ status: "delivered" });
    await late;
    assert.deepEqual(await next.get("a"), before, "what it says after its lease counts for nothing");
  });

  it("a letter that ends every process that retries it is left to a person in the end", async () => {
    await start(all({ kind: "immediate", limit: 2 }));
    await node.put(letterInput("poison"));
    // What three ends of a process leave behind.
    const gone = { claim: "gone", claimed_until: new Date(clock.at - 1), retries: 2 };
    await space.db.collection("dead_letters").updateOne({}, { $set: gone });
    await node.chores();
    assert.equal(node.redelivered.length, 0);
    assert.deepEqual(await actions("poison"), ["received", "exhausted"]);
    assert.equal((await node.get("poison")).status, "pending");
  });

  it("an ordered stop waits for what is under way and gives back what was not begun", async () => {
    await start(all({ kind: "immediate" }), { count: 2 });
    const [stopping, next] = nodes as [DlqNode, DlqNode];
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    stopping.redeliver = async () => {
      await finished;
      return { status: "delivered" };
    };
    await node.put(...Array.from({ length: 20 }, (_, n) => letterInput(`l-${n}`)));
    void stopping.chores();
    await waitFor(() => stopping.redelivered.length > 0, { what: "some to be under way" });
    let ended = false;
    const stopped = stopping.broker.stop().then(() => {
      ended = true;
    });
    await waitFor(() => stopping.draining, { what: "the stop to have begun" });
    // More time than a stop takes that waits for nothing.
    for (let round = 0; round < 200; round++) await space.db.command({ ping: 1 });
    assert.equal(ended, false);
    finish();
    await stopped;
    const begun = stopping.redelivered.length;
    assert.ok(begun < 20);
    const letters = space.db.collection("dead_letters");
    assert.equal(await letters.countDocuments({ status: "retried" }), begun);
    assert.equal(await letters.countDocuments({ claim: { $exists: true } }), 0);
    await next.chores();
    assert.equal(await letters.countDocuments({ status: "retried" }), 20);
    assert.equal(next.redelivered.length, 20 - begun);
  });
});
