import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { BUILT_IN_SCHEMAS, loadCatalog } from "../../../schemas/catalog";
import type { EventEnvelope } from "../../../schemas/delivery";

/** The form of the files `invalid-*.json`. */
interface InvalidExample {
  /** Why the event is refused, for the reader. */
  reason: string;
  expected: { reason: "invalid" | "unknown_type"; path: string };
  event: unknown;
}

describe("examples of events", () => {
  const catalog = loadCatalog({ dirs: [BUILT_IN_SCHEMAS] });

  for (const type of catalog.types()) {
    const folder = path.join(BUILT_IN_SCHEMAS, type, "examples");
    const names = readdirSync(folder);
    const read = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, name), "utf8"));

    describe(type, () => {
      const valid = names.filter((name) => name.startsWith("valid-"));
      const invalid = names.filter((name) => name.startsWith("invalid-"));

      it("has two valid and several invalid ones", () => {
        assert.ok(valid.length >= 2 && invalid.length >= 3);
        assert.equal(valid.length + invalid.length, names.length);
      });

      for (const name of valid) {
        it(`accepts ${name}`, () => {
          const event = read(name) as EventEnvelope;
          assert.deepEqual(catalog.validate(event), { valid: true, event });
          assert.equal(event.event_type, type);
        });
      }

      for (const name of invalid) {
        const { reason, expected, event } = read(name) as InvalidExample;
        it(`refuses ${name}: ${reason}`, () => {
          const result = catalog.validate(event);
          assert.ok(!result.valid);
          const [first] = result.errors;
          assert.deepEqual({ reason: result.reason, path: first?.path }, expected);
          assert.equal(result.errors.length, 1, "an example is wrong in one way");
        });
      }
    });
  }
});
