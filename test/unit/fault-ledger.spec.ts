import assert from "node:assert/strict";
import { type GroupExpectation, judgeEffects } from "../faults/ledger";
import { judgeLetters } from "../faults/letters";
import { makeTraffic } from "../support";
import type { Effect } from "../support/ledger";
import { sentBy, sentIn } from "../support/sent-events";

const TYPE = "order.placed";
const options = { types: [TYPE], events: 10, bad: 0.3, keys: 2, seed: 4 };
const traffic = makeTraffic(options);
const group: GroupExpectation = {
  group: "g",
  promise: "at least once",
  wants: () => true,
  mayDouble: ({ offset }) => offset >= 8,
};

const effects = (change: Partial<Record<string, Partial<Effect>>> = {}): Effect[] =>
  [...traffic.good.values()].map(({ event_id, aggregate_id }, offset) => ({
    group: "g",
    event_id,
    key: aggregate_id ?? null,
    redelivered: false,
    topic: TYPE,
    partition: 0,
    offset,
    at: offset,
    ...change[event_id],
  }));

const problems = (list: Effect[], change: Partial<GroupExpectation> = {}) =>
  judgeEffects({ ...group, ...change }, list, traffic).problems.join("\n");

describe("the ledger of the fault harness", () => {
  const all = effects();
  const [first, last] = [all[0] as Effect, all.at(-1) as Effect];

  it("finds nothing where every event took effect once and in order", () => assert.equal(problems(all), ""));

  it("finds an event that is missing, unless it was excused or given up", () => {
    assert.match(problems(all.slice(1)), /1 of 10 events are missing: 4-0/);
    assert.equal(problems(all.slice(1), { excused: new Set(["4-0"]) }), "");
    assert.equal(problems(all.slice(1), { failed: new Set(["4-0"]) }), "");
  });

  it("finds an effect of an event that was given up in a transaction; a plain handler may be late", () => {
    const failed = new Set(["4-0"]);
    assert.match(problems(all, { failed, promise: "exactly once" }), /1 events took effect though given up/);
    assert.equal(problems([...all.slice(1), first, first], { failed }), "");
  });

  it("finds an effect of no event", () =>
    assert.match(problems([...all, { ...last, event_id: "nobody" }]), /1 effects belong to no event/));

  it("lets only that be doubled which was in hand at the fault and says so", () => {
    assert.equal(problems([...all, { ...last, redelivered: true }]), "");
    assert.match(problems([...all, last]), /1 doubles are not marked redelivered/);
    assert.match(problems([...all, { ...first, redelivered: true }]), /in nobody's hands/);
    assert.match(
      problems([...all, { ...last, redelivered: true }], { promise: "exactly once" }),
      /1 events took effect twice/,
    );
  });

  it("finds events of one key out of order", () =>
    assert.match(
      problems([...all.slice(2, 3), ...all.slice(0, 2), ...all.slice(3)]),
      /1 events out of order/,
    ));

  it("tells where a doubled event took effect", () =>
    assert.match(
      problems([...all, { ...last, partition: 2 }]),
      /not marked redelivered: 4-9 \(order\.placed\[0\] at 9, \[2\] at 9\)/,
    ));

  it("knows the events of a traffic that nobody kept as those of one that was kept", () => {
    const types = [TYPE, "order.paid", "user.registered"];
    const [kept, made] = [sentIn(makeTraffic({ ...options, types })), sentBy({ ...options, types })];
    assert.equal(made.count, kept.count);
    for (let number = 0; number < kept.count; number += 1) {
      assert.equal(made.idOf(number), kept.idOf(number));
      assert.equal(made.typeOf(number), kept.typeOf(number));
    }
    for (const id of ["4-0", "4-9", "4-10", "4-09", "4--1", "4-", "5-1", "1", "", "4-1.5", "nobody"])
      assert.equal(made.numberOf(id), kept.numberOf(id), id);
  });

  it("finds letters that are missing, doubled, or hold other bytes", () => {
    const letters = traffic.bad.map((raw) => ({ reason: "invalid", raw, place: "here" }));
    assert.deepEqual(judgeLetters(letters, traffic, [group]), []);
    assert.match(judgeLetters(letters.slice(1), traffic, [group]).join(), /1 of \d letters are missing/);
    assert.match(
      judgeLetters([...letters, ...letters.slice(0, 1)], traffic, [group]).join(),
      /1 letters too many/,
    );
    const failed = new Set(["4-3"]);
    assert.match(judgeLetters(letters, traffic, [{ ...group, failed }]).join(), /missing: failed g 4-3/);
  });
});
