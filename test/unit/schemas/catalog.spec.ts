import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { BUILT_IN_SCHEMAS, loadCatalog } from "../../../schemas/catalog";
import { WeirError } from "../../../schemas/errors";

const PAYLOAD = { type: "object", properties: { n: { type: "integer" } } };
const EXAMPLE = path.join(BUILT_IN_SCHEMAS, "order.placed", "examples", "valid-several-items.json");

describe("catalog of event types", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "weir-schemas-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (file: string, content: unknown) => {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, typeof content === "string" ? content : JSON.stringify(content));
  };
  const load = (...names: string[]) => loadCatalog({ dirs: names.map((name) => path.join(folder, name)) });
  const event = (event_type: string, event_version: string, payload: unknown = {}) => ({
    event_id: "e-1",
    event_type,
    event_version,
    timestamp: "2026-01-01T00:00:00Z",
    metadata: { service_name: "spec", service_version: "1" },
    payload,
  });

  it("knows every type and version of its folders, the latest version last", () => {
    write("a/tank.filled/1.9.json", { ...PAYLOAD, title: "old" });
    write("a/tank.filled/1.10.json", { ...PAYLOAD, title: "new" });
    write("b/tank.emptied/1.0.json", PAYLOAD);
    const catalog = load("a", "b");
    assert.deepEqual(catalog.types(), ["tank.emptied", "tank.filled"]);
    assert.deepEqual(
      catalog.list().map(({ event_type, event_version }) => `${event_type} ${event_version}`),
      ["tank.emptied 1.0", "tank.filled 1.9", "tank.filled 1.10"],
    );
    assert.equal(catalog.get("tank.filled")?.event_version, "1.10");
    assert.equal(catalog.get("tank.filled", "1.9")?.title, "old");
    assert.equal(catalog.get("tank.filled", "2.0"), undefined);
    assert.equal(catalog.get("tank.burst"), undefined);
  });

  it("checks a payload by its event's own type and version", () => {
    write("a/tank.filled/1.0.json", PAYLOAD);
    write("a/tank.filled/2.0.json", { ...PAYLOAD, required: ["n"] });
    const catalog = load("a");
    assert.equal(catalog.validate(event("tank.filled", "1.0")).valid, true);
    assert.equal(catalog.validate(event("tank.filled", "2.0")).valid, false);
  });

  it("tells an unknown type and an unknown version, and what is known", () => {
    write("a/tank.filled/1.0.json", PAYLOAD);
    const catalog = load("a");
    assert.deepEqual(catalog.validate(event("tank.burst", "1.0")), {
      valid: false,
      reason: "unknown_type",
      errors: [
        {
          path: "/event_type",
          keyword: "event_type",
          message: '"tank.burst" is no known type; known are tank.filled',
        },
      ],
    });
    const result = catalog.validate(event("tank.filled", "3.0"));
    assert.equal(!result.valid && result.reason, "unknown_type");
    assert.match(result.valid ? "" : (result.errors[0]?.message ?? ""), /"3\.0".*known are 1\.0/);
  });

  it("tells all that is wrong with envelope and payload, with paths, but no endless list", () => {
    write("a/tank.filled/1.0.json", {
      ...PAYLOAD,
      properties: { list: { type: "array", items: { type: "integer" } } },
      additionalProperties: false,
    });
    const catalog = load("a");
    const result = catalog.validate({
      ...event("tank.filled", "1.0", { list: [1, "two"], other: 1 }),
      event_id: "",
      extra: true,
    });
    assert.ok(!result.valid);
    assert.deepEqual(result.errors.map(({ path: at, message }) => `${at} ${message}`).sort(), [
      ' must NOT have additional properties: "extra"',
      "/event_id must NOT have fewer than 1 characters",
      '/payload must NOT have additional properties: "other"',
      "/payload/list/1 must be integer",
    ]);
    const many = catalog.validate(event("tank.filled", "1.0", { list: Array(5_000).fill("x") }));
    assert.ok(!many.valid);
    assert.equal(many.errors.length, 21);
    assert.equal(many.errors[20]?.message, "more than these 20 errors");
  });

  it("cuts what a message quotes of the event", () => {
    write("a/tank.filled/1.0.json", { ...PAYLOAD, additionalProperties: false });
    const result = load("a").validate(event("tank.filled", "1.0", { ["k".repeat(10_000)]: 1 }));
    assert.ok(!result.valid);
    assert.ok((result.errors[0]?.message.length ?? 0) < 400);
  });

  it("refuses whatever is no envelope, without throwing", () => {
    write("a/tank.filled/1.0.json", PAYLOAD);
    const catalog = load("a");
    for (const value of [
      null,
      undefined,
      1,
      "text",
      [],
      {},
      { event_type: {} },
      { event_type: "constructor" },
    ]) {
      const result = catalog.validate(value);
      assert.equal(!result.valid && result.reason, "invalid");
      assert.ok(!result.valid && result.errors.length > 0);
    }
  });

  it("changes nothing about an event: no default, no conversion, no removal", () => {
    write("a/tank.filled/1.0.json", {
      type: "object",
      properties: { n: { type: "integer" }, d: { type: "integer", default: 3 } },
    });
    const catalog = load("a");
    const accepted = event("tank.filled", "1.0", { unknown: 1 });
    const before = structuredClone(accepted);
    const result = catalog.validate(accepted);
    assert.ok(result.valid);
    assert.equal(result.event, accepted);
    assert.deepEqual(accepted, before);
    assert.equal(catalog.validate(event("tank.filled", "1.0", { n: "1" })).valid, false);
  });

  it("has timestamps of RFC 3339 alone", () => {
    const base = JSON.parse(readFileSync(EXAMPLE, "utf8"));
    const catalog = loadCatalog({ dirs: [BUILT_IN_SCHEMAS] });
    const accepts = (timestamp: string) => catalog.validate({ ...base, timestamp }).valid;
    for (const timestamp of [
      "2026-02-28T23:59:59Z",
      "2026-02-28t00:00:00.123456+01:30",
      "2024-02-29T00:00:00-00:00",
    ]) {
      assert.ok(accepts(timestamp), timestamp);
    }
    for (const timestamp of [
      "2026-02-29T00:00:00Z",
      "2026-02-28 10:00:00Z",
      "2026-02-28T10:00:00",
      "2026-02-28T10:00:00+01",
      "2016-12-31T23:59:60Z",
      "2026-02-28",
      "",
    ]) {
      assert.ok(!accepts(timestamp), timestamp);
    }
  });

  const faults: [what: string, file: string, content: unknown, message: RegExp][] = [
    ["text that is no JSON", "a/tank.filled/1.0.json", "{", /no JSON/],
    [
      "an unknown keyword",
      "a/tank.filled/1.0.json",
      { ...PAYLOAD, requird: [] },
      /unknown keyword: "requird"/,
    ],
    [
      "a wrong type",
      "a/tank.filled/1.0.json",
      { type: "object", properties: { n: { type: "int" } } },
      /strict/,
    ],
    ["a reference to nowhere", "a/tank.filled/1.0.json", { type: "object", $ref: "x.json" }, /can't resolve/],
    ["a payload that is no object", "a/tank.filled/1.0.json", { type: "array" }, /"type": "object"/],
    ["a name that is no version", "a/tank.filled/v1.json", PAYLOAD, /<major>\.<minor>\.json/],
    ["a folder that is no event type", "a/Tank/1.0.json", PAYLOAD, /lower case with dots/],
  ];
  for (const [what, file, content, message] of faults) {
    it(`stops at ${what}, naming the file`, () => {
      write(file, content);
      assert.throws(
        () => load("a"),
        (error) => {
          assert.ok(error instanceof WeirError);
          assert.equal(error.type, "WEIR_SCHEMA_INVALID");
          assert.ok(error.message.includes(path.join(folder, file.includes("Tank/") ? "a/Tank" : file)));
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it("stops at a folder that is not there", () => {
    assert.throws(() => load("nowhere"), {
      type: "WEIR_SCHEMA_INVALID",
      message: /nowhere: .*cannot be read/,
    });
  });

  it("stops at two definitions of one version, naming both files; the same one twice is one", () => {
    write("a/tank.filled/1.0.json", PAYLOAD);
    write("b/tank.filled/1.0.json", PAYLOAD);
    assert.equal(load("a", "b").list().length, 1);
    write("b/tank.filled/1.0.json", { type: "object" });
    assert.throws(() => load("a", "b"), {
      type: "WEIR_SCHEMA_CONFLICT",
      message: /a.tank\.filled.1\.0\.json and .*b.tank\.filled.1\.0\.json/,
    });
  });
});
