import assert from "node:assert/strict";
import { type GroupExpectation, judgeEffects } from "../faults/ledger";
import { judgeLetters } from "../faults/letters";
import { judgeReplay, type ReplayDue } from "../faults/replayed";
import { judgeJob, judgeRetried, type LetterEnd, type RetriedDue } from "../faults/retried";
import { makeTraffic } from "../support";
import type { Effect } from "../support/ledger";

const TYPE = "order.placed";
const traffic = makeTraffic({ types: [TYPE], events: 6, keys: 1, seed: 4 });
const at = new Date("2026-03-02T12:00:00Z");

const effect = (number: number, change: Partial<Effect> = {}): Effect => ({
  group: "g",
  event_id: `4-${number}`,
  key: "a0",
  redelivered: change.mark !== undefined,
  topic: TYPE,
  partition: 0,
  offset: number,
  at: number,
  ...change,
});

const group: GroupExpectation = {
  group: "g",
  promise: "exactly once",
  wants: () => true,
  mayDouble: () => false,
};
const problems = (list: Effect[], change: Partial<GroupExpectation>) =>
  judgeEffects({ ...group, ...change }, list, traffic).problems.join("\n");

describe("the ledger of redriven events", () => {
  const handedAgain = {
    letters: new Map([["4-2", "letter-2"]]),
    mark: "redrive/job",
    mayBeLive: ({ offset }: Effect) => offset > 5,
  };
  const redriven = effect(2, { replay: "letter-2", mark: "redrive/job" });
  const live = [0, 1, 3, 4, 5].map((number) => effect(number));

  it("asks for the effect of each letter, after those of later events of its key", () => {
    assert.equal(problems([...live, redriven], { handedAgain }), "");
    assert.match(problems(live, { handedAgain }), /1 of 6 events are missing: 4-2/);
    assert.match(problems([...live, redriven, redriven], { handedAgain }), /1 events took effect twice: 4-2/);
  });

  it("lets a copy that came later take the letter's place, and nothing else", () => {
    assert.equal(problems([...live, effect(2, { offset: 6 })], { handedAgain }), "");
    assert.match(problems([...live, effect(2)], { handedAgain }), /1 effects are marked wrongly: 4-2 at 2/);
    assert.match(
      problems([...live, redriven, effect(2, { offset: 6 })], { handedAgain }),
      /1 events took effect twice/,
    );
  });

  it("finds effects with the mark of another letter, of another job, or of none at all", () => {
    for (const wrong of [{ replay: "letter-3" }, { mark: "redrive/other" }])
      assert.match(problems([...live, { ...redriven, ...wrong }], { handedAgain }), /marked wrongly/);
    assert.match(
      problems([...live, { ...redriven, redelivered: false }], { handedAgain }),
      /marked wrongly: 4-2 at 2 \(redrive\/job, not redelivered\)/,
    );
    const other = effect(1, { replay: "letter-2", mark: "redrive/job" });
    assert.match(problems([...live.toSpliced(1, 1, other), redriven], { handedAgain }), /4-1 at 1/);
    assert.match(problems([...live, redriven], {}), /marked wrongly: 4-2 at 2 \(letter-2, redrive\/job\)/);
  });

  it("holds what a redrive hands over to the order of its keys", () => {
    const letters = new Map([1, 2].map((number) => [`4-${number}`, `letter-${number}`]));
    const again = [2, 1].map((n) => effect(n, { replay: `letter-${n}`, mark: "redrive/job" }));
    const first = live.filter(({ event_id }) => event_id !== "4-1");
    const expected = { handedAgain: { ...handedAgain, letters } };
    assert.match(
      problems([...first, ...again], expected),
      /1 events out of order: .* of redrive\/job: 1 after 2/,
    );
    assert.equal(problems([...first, ...again.toReversed()], expected), "");
  });

  it("asks for the letter of each", () => {
    assert.match(judgeLetters([], { bad: [] }, [{ ...group, handedAgain }]).join(), /missing: failed g 4-2/);
    const letter = { group: "g", event_id: "4-2", reason: "handler_error", raw: "", place: "here" };
    assert.deepEqual(judgeLetters([letter], { bad: [] }, [{ ...group, handedAgain }]), []);
  });
});

describe("the ledger of a replay", () => {
  const part = { name: "replay", of: () => true };
  const replayed = [0, 1, 2].map((number) => effect(number, { replay: "r", mark: "r" }));
  const only = new Set(["4-0", "4-1", "4-2"]);

  it("asks for the events that were replayed, and for no others", () => {
    assert.equal(problems(replayed, { part, only }), "");
    assert.match(problems(replayed.slice(1), { part, only }), /1 of 3 events are missing: 4-0/);
    assert.match(
      problems([...replayed, effect(3, { replay: "r", mark: "r" })], { part, only }),
      /1 effects belong to no event sent: 4-3/,
    );
    assert.match(problems(replayed.slice(0, 1), { part, only: new Set() }), /belong to no event sent: 4-0/);
  });

  it("finds doubles and events out of order", () => {
    assert.match(problems([...replayed, ...replayed.slice(2)], { part, only }), /1 events took effect twice/);
    assert.match(problems(replayed.toReversed(), { part, only }), /out of order/);
  });

  it("says which part it is of", () =>
    assert.equal(judgeEffects({ ...group, part, only }, replayed, traffic).group, "g (replay)"));
});

describe("what becomes of letters that are retried", () => {
  const received = { at, action: "received" as const, reason: "handler_error" };
  const retried = (result: "delivered" | "duplicate", redrive?: string) => ({
    at,
    action: "retried" as const,
    result,
    ...(redrive && { redrive }),
  });
  const letter = (id: string, change: Partial<LetterEnd> = {}): LetterEnd => ({
    id,
    group: "g",
    event_id: `event-${id}`,
    status: "retried",
    open: false,
    claimed: false,
    history: [received, retried("delivered", "job")],
    ...change,
  });
  const untouched = letter("c", { status: "pending", open: true, history: [received] });
  const all = [letter("a"), letter("b"), untouched];
  const due: RetriedDue = {
    letters: new Set(["a", "b"]),
    job: "job",
    mayBeDuplicate: ({ id }) => id === "b",
  };
  const found = (...letters: LetterEnd[]) => judgeRetried(letters, due).join("\n");

  it("is nothing to tell of where each was retried once, and the others left alone", () =>
    assert.equal(found(...all), ""));

  it("is told where one is gone, open, in somebody's hands, or closed in another way", () => {
    assert.match(found(letter("a"), untouched), /1 letters are gone: b/);
    for (const wrong of [{ open: true }, { claimed: true }, { status: "discarded" as const }])
      assert.match(found(letter("a", wrong), letter("b"), untouched), /1 letters are not retried: a of g/);
  });

  it("is told where one was retried twice, or by somebody else", () => {
    const twice = letter("a", {
      history: [received, retried("delivered", "job"), retried("delivered", "job")],
    });
    assert.match(found(twice, letter("b"), untouched), /1 letters were retried more than once: a/);
    const elsewhere = letter("a", { history: [received, retried("delivered")] });
    assert.match(found(elsewhere, letter("b"), untouched), /1 letters were closed by somebody else: a/);
  });

  it("is told where one counts as handled before that nobody had in hand", () => {
    const history = [received, retried("duplicate", "job")];
    assert.equal(found(letter("a"), letter("b", { history }), untouched), "");
    assert.match(
      found(letter("a", { history }), letter("b"), untouched),
      /count as handled before.*: a of g/,
    );
  });

  it("is told where another letter was touched", () =>
    assert.match(found(...all.slice(0, 2), letter("c")), /1 letters were touched/));

  it("is what the job tells of each of them", () => {
    const counts = { delivered: 2, duplicate: 0, failed: 0, closed: 0, gone: 0 };
    const job = { status: "completed" as const, total: 2, done: 2, counts };
    const items = ["a", "b"].map((id) => ({ id, result: "delivered" as const }));
    assert.deepEqual(judgeJob(job, items, all), []);
    assert.match(judgeJob({ ...job, status: "running" }, items, all).join(), /is running, not completed/);
    assert.match(judgeJob(job, items.slice(1), all).join(), /tells of 1 letters/);
    assert.match(judgeJob(job, [...items.slice(1), ...items.slice(1)], all).join(), /1 of them different/);
    const duplicate = [...items.slice(1), { id: "a", result: "duplicate" as const }];
    assert.match(judgeJob(job, duplicate, all).join(), /1 items differ from their letters: a duplicate/);
    assert.match(judgeJob(job, duplicate, all).join(), /counts 2 delivered, its items 1/);
  });
});

describe("what a replay tells of its events", () => {
  const counts = { read: 10, delivered: 14, duplicates: 1, failed: 0, passed_over: 5, sent: 0 };
  const session = { status: "completed" as const, again: true, counts };
  const due: ReplayDue = { read: 10, wanted: 15, groups: 2, inHand: 1 };
  const found = (change: Partial<typeof counts>, again = true) =>
    judgeReplay({ ...session, again, counts: { ...counts, ...change } }, due).join("\n");

  it("is each of them once", () => {
    assert.equal(found({}), "");
    assert.equal(found({ delivered: 0, duplicates: 15 }, false), "");
  });

  it("is wrong where one is skipped, told twice, failed, or passed over", () => {
    assert.match(found({ read: 9 }), /9 events are read, not 10/);
    assert.match(found({ delivered: 15 }), /16 events are delivered or duplicates, not 15/);
    assert.match(found({ failed: 1 }), /1 events are failed, not 0/);
    assert.match(found({ passed_over: 6 }), /6 events are passed over, not 5/);
  });

  it("is wrong where more count as handled before than were in hand, or one was handled again", () => {
    assert.match(found({ delivered: 13, duplicates: 2 }), /2 events are duplicates, 1 were in hand/);
    assert.match(found({ delivered: 1, duplicates: 14 }, false), /1 events were handled again/);
  });

  it("is wrong where it did not end", () =>
    assert.match(judgeReplay({ ...session, status: "running" }, due).join(), /is running, not completed/));
});
