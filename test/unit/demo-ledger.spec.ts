import assert from "node:assert/strict";
import type { GroupEvidence, LetterSeen } from "../../services/samples/demo/evidence";
import type { SentMessage } from "../../services/samples/demo/kafka";
import { ledgerOf } from "../../services/samples/demo/ledger";

describe("demo's ledger", () => {
  /** Messages of one partition, by their event ids; undefined is no valid event. */
  const sent = (...ids: (string | undefined)[]) =>
    ids.map((eventId, offset): SentMessage => {
      return { type: "a.b", key: "k", value: null, eventId, topic: "a.b", partition: 0, offset };
    });
  const evidence = (changes: Partial<GroupEvidence>): GroupEvidence => {
    return { committed: new Map([["a.b/0", 100]]), effects: [], claimed: null, ...changes };
  };
  const letter = (offset: number, group?: string): LetterSeen => ({
    place: `a.b/0/${offset}`,
    group,
    reason: "r",
  });

  it("tells delivered, duplicate, failed and refused messages apart", () => {
    const letters = [letter(3, "g"), letter(4), letter(0, "other")];
    const seen = evidence({ effects: ["x", "y"], claimed: ["x", "y"] });
    const { contradictions, ...numbers } = ledgerOf("g", sent("x", "x", "y", "z", undefined), letters, seen);
    assert.deepEqual(contradictions, []);
    assert.deepEqual(numbers, {
      group: "g",
      produced: 5,
      delivered: 2,
      duplicates: 1,
      failed: 1,
      refused: 1,
      waiting: 0,
    });
  });

  it("counts a copy with a letter of its own as failed, not as a duplicate", () => {
    const { delivered, duplicates, failed } = ledgerOf(
      "g",
      sent("x", "x"),
      [letter(1, "g")],
      evidence({ effects: ["x"] }),
    );
    assert.deepEqual({ delivered, duplicates, failed }, { delivered: 1, duplicates: 0, failed: 1 });
  });

  it("finds an event that was passed and left no trace", () => {
    const { contradictions } = ledgerOf("g", sent("x", "lost"), [], evidence({ effects: ["x"] }));
    assert.deepEqual(contradictions, ["g: 2 were produced, 1 are accounted for"]);
  });

  it("finds an event that took effect twice", () => {
    const { contradictions } = ledgerOf("g", sent("x"), [], evidence({ effects: ["x", "x"] }));
    assert.deepEqual(contradictions, ["g: 1 events took effect more than once"]);
  });

  it("finds an effect that nobody claimed", () => {
    const { contradictions } = ledgerOf("g", sent("x"), [], evidence({ effects: ["x"], claimed: [] }));
    assert.deepEqual(contradictions, ["g: 1 events took effect, but 0 are known as handled"]);
  });

  it("counts what the committed offset has not passed as waiting", () => {
    const seen = evidence({ effects: ["x"], committed: new Map([["a.b/0", 1]]) });
    const { waiting, contradictions } = ledgerOf("g", sent("x", "y"), [], seen);
    assert.equal(waiting, 1);
    assert.deepEqual(contradictions, ["g: 1 messages wait: its committed offsets have not passed them"]);
  });
});
