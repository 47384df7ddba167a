import assert from "node:assert/strict";
import type { DeadLetterInput } from "../../../schemas/dead-letter";
import { fit, fitFailure } from "../../../services/dlq/fit";

const MIB = 1024 * 1024;
const input = (changes: Partial<DeadLetterInput>): DeadLetterInput => ({
  identity: "i",
  reason: "handler_error",
  error: { type: "E", message: "m" },
  attempts: 1,
  first_failed_at: new Date(0),
  original_topic: "t",
  partition: 0,
  offset: "0",
  key: null,
  headers: {},
  raw: null,
  ...changes,
});

describe("fitting a dead letter into a document", () => {
  it("leaves an ordinary one whole", () => {
    const raw = Buffer.from("{}");
    const error = { type: "E", message: "m", stack: "s", details: { a: { b: 1 } } };
    assert.deepEqual(fit(input({ raw, error, key: "k", headers: { a: "1" } })), {
      error,
      key: "k",
      headers: [["a", "1"]],
      raw,
      raw_bytes: 2,
    });
  });

  it("cuts what is too long and names it, with the true size of the bytes", () => {
    const fitted = fit(
      input({ raw: Buffer.alloc(16 * MIB), key: "k".repeat(MIB), headers: { a: "1".repeat(MIB) } }),
    );
    assert.deepEqual(fitted.cut, ["raw", "key", "headers"]);
    assert.equal(fitted.raw_bytes, 16 * MIB);
    assert.equal(fitted.raw?.length, 15.25 * MIB);
    assert.deepEqual(fitted.headers, []);
  });

  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  let deep: Record<string, unknown> = {};
  for (let level = 0; level < 60; level++) deep = { deep };
  for (const [what, details] of [
    ["long", { text: "x".repeat(MIB) }],
    ["cyclic", cyclic],
    ["deeply nested", deep],
    ["a NUL in a name", { "a\0b": 1 }],
    ["a BigInt", { n: 1n }],
    ["a list", [1, 2]],
  ] as const) {
    it(`replaces details that are no plain small object by the beginning of their text: ${what}`, () => {
      const given = details as unknown as Record<string, unknown>;
      const { error, cut } = fitFailure({ type: "E", message: "m", details: given });
      assert.ok(cut);
      assert.deepEqual(Object.keys(error.details ?? {}), ["cut", "text"]);
      assert.ok(JSON.stringify(error).length < 10_000);
    });
  }
});
