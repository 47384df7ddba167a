import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { BUILT_IN_SCHEMAS, loadCatalog } from "../../../schemas/catalog";
import type { EventEnvelope } from "../../../schemas/delivery";

const EXAMPLES = path.resolve(__dirname, "../../examples/schemas");

describe("upcasters", () => {
  describe("lift every example of an older version to a valid event of the newest", () => {
    const dirs = [BUILT_IN_SCHEMAS, EXAMPLES];
    const catalog = loadCatalog({ dirs });
    const folders = dirs.flatMap((dir) => catalog.types().map((type) => path.join(dir, type, "examples")));
    for (const folder of folders.filter(existsSync)) {
      for (const name of readdirSync(folder).filter((file) => file.startsWith("valid-"))) {
        const event = JSON.parse(readFileSync(path.join(folder, name), "utf8")) as EventEnvelope;
        const newest = catalog.liftedVersion(event);
        if (newest === undefined) continue;
        it(`${event.event_type}/examples/${name} to ${newest}`, () => {
          const before = structuredClone(event);
          const lifted = catalog.lift(event);
          assert.equal(lifted.event_version, newest);
          assert.equal(catalog.validate(lifted).valid, true);
          assert.deepEqual(event, before, "what came is left as it is");
          assert.deepEqual(catalog.lift(event), lifted, "the same again gives the same");
        });
      }
    }
  });

  describe("in folders of their own", () => {
    let dir: string;
    beforeEach(() => {
      dir = mkdtempSync(path.join(tmpdir(), "weir-upcast-"));
      mkdirSync(path.join(dir, "tank.filled"));
    });
    afterEach(() => rmSync(dir, { recursive: true }));

    const write = (name: string, text: string) => writeFileSync(path.join(dir, "tank.filled", name), text);
    const schema = (version: string, member: string) =>
      write(
        `${version}.json`,
        JSON.stringify({
          type: "object",
          additionalProperties: false,
          required: [member],
          properties: { [member]: { type: "integer" } },
        }),
      );
    const load = () => loadCatalog({ dirs: [dir] });
    const event = (event_version: string, payload: object): EventEnvelope => ({
      event_id: "e",
      event_type: "tank.filled",
      event_version,
      timestamp: "2026-03-01T12:00:00Z",
      metadata: { service_name: "s", service_version: "1" },
      payload,
    });
    const versions = () => {
      schema("1.0", "a");
      schema("1.9", "b");
      schema("1.10", "c");
    };

    it("go from version to version in the order of the numbers, not of the text", () => {
      versions();
      write("1.0.upcast.js", "module.exports = ({ a }) => ({ b: a + 1 });");
      write(
        "1.9.upcast.js",
        "exports.default = ({ b }, event) => ({ c: b * (event.event_version === '1.9' ? 10 : 0) });",
      );
      const catalog = load();
      assert.deepEqual(catalog.lift(event("1.0", { a: 1 })), event("1.10", { c: 20 }));
      assert.deepEqual(catalog.lift(event("1.9", { b: 1 })), event("1.10", { c: 10 }));
      const newest = event("1.10", { c: 1 });
      assert.equal(catalog.lift(newest), newest, "the very same");
      assert.deepEqual(
        ["1.0", "1.9", "1.10"].map((version) => catalog.liftedVersion(event(version, {}))),
        ["1.10", "1.10", undefined],
      );
    });

    it("leave versions alone that have none", () => {
      versions();
      write("1.9.upcast.js", "module.exports = ({ b }) => ({ c: b });");
      const old = event("1.0", { a: 1 });
      assert.equal(load().lift(old), old);
    });

    it("may change the payload they are given: it is a copy", () => {
      versions();
      write("1.9.upcast.js", "module.exports = (p) => { p.c = p.b; delete p.b; return p; };");
      const old = event("1.9", Object.freeze({ b: 1 }));
      assert.deepEqual(load().lift(old).payload, { c: 1 });
      assert.deepEqual(old.payload, { b: 1 });
    });

    it("fail for an event when they throw, or make what is not valid", () => {
      versions();
      write(
        "1.0.upcast.js",
        "module.exports = ({ a }) => { if (a > 1) throw new Error('too full'); return { b: 'x' }; };",
      );
      write("1.9.upcast.js", "module.exports = () => null;");
      const catalog = load();
      const refused = (old: EventEnvelope, message: RegExp) =>
        assert.throws(() => catalog.lift(old), { type: "WEIR_UPCAST_FAILED", code: 422, message });
      refused(
        event("1.0", { a: 2 }),
        /from tank\.filled 1\.0 to 1\.9 by tank\.filled\/1\.0\.upcast\.js: too full/,
      );
      refused(event("1.0", { a: 1 }), /what it made is not valid: \/payload\/b must be integer/);
      refused(event("1.9", { b: 1 }), /what it made is not valid/);
    });

    const faults: [title: string, name: string, text: string, message: RegExp][] = [
      [
        "without a schema beside it",
        "1.1.upcast.js",
        "module.exports = (p) => p;",
        /no 1\.1\.json beside it/,
      ],
      ["from the newest version", "1.10.upcast.js", "module.exports = (p) => p;", /nothing to lift it to/],
      ["whose chain has a gap", "1.0.upcast.js", "module.exports = (p) => p;", /add 1\.9\.upcast\.ts/],
      ["that is no function", "1.9.upcast.js", "module.exports = {};", /the function that lifts/],
      ["that cannot be loaded", "1.9.upcast.js", "throw new Error('no');", /cannot be loaded \(no\)/],
    ];
    for (const [title, name, text, message] of faults) {
      it(`stop the start for one ${title}`, () => {
        versions();
        write(name, text);
        assert.throws(load, { type: "WEIR_SCHEMA_INVALID", message });
      });
    }
  });
});
