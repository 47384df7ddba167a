import assert from "node:assert/strict";
import { fitAnswer } from "../../../mixins/event-handler/fit-answer";
import type { EventFailure, Outcome } from "../../../schemas/delivery";

describe("an answer to another node", () => {
  it("is left alone where it fits", () => {
    const outcomes: Outcome[] = [{ status: "completed" }, failed("a", { stack: "s", details: { b: 1 } })];
    assert.equal(fitAnswer(outcomes, 1_000), outcomes);
  });

  it("is cut to size at the errors, whatever their letters take as JSON", () => {
    for (const letter of ["x", "\u0000", "é", "\\", "😀"]) {
      const outcomes = Array.from({ length: 300 }, (_, index) =>
        index % 3 === 0
          ? { status: "completed" as const }
          : failed(`key-${index}`, {
              message: `${index} ${letter.repeat(4_000)}`,
              stack: letter.repeat(8_000),
            }),
      );
      const fitted = fitAnswer(outcomes, 100_000);
      assert.ok(size(fitted) <= 100_000, `${size(fitted)} bytes`);
      assert.deepEqual(
        fitted.map(({ status }) => status),
        outcomes.map(({ status }) => status),
      );
      for (const [index, outcome] of fitted.entries()) {
        if (outcome.status !== "failed") continue;
        assert.equal(outcome.key, `key-${index}`);
        assert.match(outcome.error.message, new RegExp(`^${index} .*… \\(cut\\)$`, "su"));
      }
    }
  });

  it("keeps message and details before the stack", () => {
    const outcomes = [failed("a", { message: "short", details: { order: 7 }, stack: "s".repeat(8_000) })];
    const [outcome] = fitAnswer(outcomes, 900);
    assert.ok(outcome?.status === "failed");
    assert.equal(outcome.error.message, "short");
    assert.deepEqual(outcome.error.details, { order: 7 });
    assert.match(outcome.error.stack ?? "", /^s{400,} … \(cut\)$/);
  });

  it("leaves out details that cannot be JSON, for nothing else could travel with them", () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const outcomes = [failed("a", { details: circle }), failed("b", { details: { big: 1n } })];
    const fitted = fitAnswer(outcomes, 10_000);
    assert.deepEqual(
      fitted.map((outcome) => outcome.status === "failed" && outcome.error),
      [
        { type: "E", message: "m" },
        { type: "E", message: "m" },
      ],
    );
  });

  it("puts failures off from the end where not even the keys have room, and tells one at least", () => {
    const outcomes = [
      { status: "completed" as const },
      ...Array.from({ length: 20 }, (_, index) => failed(`${index}-${"k".repeat(300)}`)),
    ];
    const fitted = fitAnswer(outcomes, 3_500);
    const states = fitted.map(({ status }) => status);
    assert.ok(size(fitted) <= 3_500);
    assert.match(states.join(" "), /^completed( failed)+( not_started)+$/);
    assert.match(
      fitAnswer(outcomes, 100)
        .map(({ status }) => status)
        .join(" "),
      /^completed failed( not_started)+$/,
    );
  });

  it("shortens why events were not begun, which may be said a thousand times", () => {
    const outcomes: Outcome[] = Array.from({ length: 100 }, () => ({
      status: "not_started",
      reason: "r".repeat(4_000),
    }));
    assert.ok(size(fitAnswer(outcomes, 100_000)) <= 100_000);
  });
});

function failed(key: string, error: Partial<EventFailure> = {}): Outcome {
  return {
    status: "failed",
    reason: "handler_error",
    error: { type: "E", message: "m", ...error },
    attempts: 3,
    key,
  };
}

function size(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
