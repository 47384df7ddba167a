import assert from "node:assert/strict";
import type { DeadLetterInput } from "../../../schemas/dead-letter";
import { plainLetter } from "../../../services/bridge/plain-letter";
import { PUT } from "../../../services/dlq/params";
import { ParameterValidator } from "../../../services/runtime/parameter-validator";
import { letterInput } from "../../support/dead-letters";

const letter = letterInput("failed|mails|1", { group: "mails" });
const check = new ParameterValidator().compile(PUT as unknown as Record<string, unknown>);
const isTaken = (input: DeadLetterInput) => check({ letters: [input] }, {} as never) === true;

describe("a letter for dlq.put", () => {
  it("stays as it is where it is as declared", () => {
    assert.ok(isTaken(letter));
    assert.deepEqual(plainLetter(letter), letter);
  });

  for (const [what, changes] of [
    ["an empty reason", { reason: "" }],
    ["no reason", { reason: undefined }],
    ["a reason without end", { reason: "x".repeat(5_000) }],
    ["an error without a type", { error: { message: "no" } }],
    ["an error without a message", { error: { type: "E" } }],
    ["an error whose type is a number", { error: { type: 42, message: "no" } }],
    ["no error", { error: undefined }],
    ["no attempts", { attempts: undefined }],
    ["attempts below nothing", { attempts: -3 }],
    ["half an attempt", { attempts: 0.5 }],
    ["a partition that nobody has", { partition: -7 }],
    ["a partition beyond all numbers", { partition: 1e300 }],
    ["an offset that is none", { offset: "x" }],
  ] as const) {
    it(`is taken with ${what}`, () => {
      const odd = { ...letter, ...changes } as unknown as DeadLetterInput;
      assert.ok(!isTaken(odd), "it would be refused");
      assert.ok(isTaken(plainLetter(odd)));
    });
  }
});
