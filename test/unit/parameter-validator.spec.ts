import assert from "node:assert/strict";
import { OPTIONAL_TEXT, OPTIONAL_TIME, PAGING, STRICT, TEXT } from "../../schemas/query-params";
import { BYTES, DELIVER_ITEMS, HEADERS } from "../../schemas/wire-params";
import { ParameterValidator } from "../../services/runtime/parameter-validator";

type Told = { field?: string; message: string; actual?: unknown }[];

describe("parameter validator", () => {
  function check(schema: Record<string, unknown>, params: unknown): Told {
    const found: unknown = new ParameterValidator().compile(schema)(
      params as Record<string, unknown>,
      {} as never,
    );
    return found === true ? [] : (found as Told);
  }
  const schema = {
    ...STRICT,
    text: OPTIONAL_TEXT,
    at: OPTIONAL_TIME,
    flag: { type: "boolean", optional: true, convert: true },
    ...PAGING,
    filter: { type: "object", optional: true, props: { at: OPTIONAL_TIME } },
    key: { type: "string", nullable: true, optional: true },
  };
  const taken = (params: object) => assert.deepEqual(check(schema, params), [], JSON.stringify(params));
  const refused = (params: object, field: string) =>
    assert.deepEqual(check(schema, params)[0]?.field, field, JSON.stringify(params));

  it("converts text, and nothing else", () => {
    for (const page of [1, "1", "2"]) taken({ page });
    for (const page of [[1], true, null, new Date(1), "", " ", "0x1", "one"]) refused({ page }, "page");
    for (const at of ["2026-03-02", "2026-03-02T12:00:00Z", new Date(0)]) taken({ at });
    for (const at of [0, "0", "1", ["2026-03-02"], true, "tomorrow"]) refused({ at }, "at");
    for (const flag of [true, "true", "off", 1]) taken({ flag });
    for (const flag of [["true"], {}]) refused({ flag }, "flag");
    refused({ filter: { at: 7 } }, "filter.at");
  });

  it("takes null for no value where it is not said to be one", () => {
    taken({ key: null });
    taken({ text: undefined });
    refused({ text: null }, "text");
    refused({ filter: null }, "filter");
    refused({ filter: { at: null } }, "filter.at");
  });

  it("leaves other schemas as Moleculer has them", () => {
    const plugins = { page: { type: "number", convert: true }, text: { type: "string", optional: true } };
    assert.deepEqual(check(plugins, { page: ["5"], text: null }), []);
  });

  it("refuses text that nothing stored can have, and no other", () => {
    const text = { ...STRICT, text: TEXT };
    for (const bad of ["nul\0nul", "half \ud800 of a pair", "\udc00", ""])
      assert.ok(check(text, { text: bad })[0]);
    for (const good of ["(a+)+$", "$where", "__proto__", "😀 İ \u202e"])
      assert.deepEqual(check(text, { text: good }), []);
  });

  it("tells briefly what is wrong, however much is", () => {
    const list = { list: { type: "array", items: "string" }, text: { type: "enum", values: ["a"] } };
    const told = check(list, { list: new Array(5_000).fill({ a: 1 }), text: "x".repeat(1_000_000) });
    assert.equal(told.length, 20);
    assert.ok(JSON.stringify(told).length < 10_000);
    assert.ok(told.every(({ actual }) => actual === undefined));
  });

  it("knows bytes and headers as they come, also over a transporter", () => {
    const wire = { ...STRICT, raw: BYTES, headers: HEADERS };
    const headers = JSON.parse('{"__proto__":"x","a":"b"}');
    for (const raw of [null, Buffer.from("a"), JSON.parse(JSON.stringify(Buffer.from("a")))]) {
      const params = { raw, headers };
      assert.deepEqual(check(wire, params), []);
      assert.deepEqual(Object.keys(params.headers), ["__proto__", "a"], "none is lost");
    }
    for (const raw of ["a", { data: [1] }, { type: "Buffer", data: [256] }])
      assert.ok(check(wire, { raw, headers })[0]);
    assert.ok(check(wire, { raw: null, headers: { a: 1 } })[0]);
  });

  it("looks at each item of a chunk", () => {
    const chunk = { items: DELIVER_ITEMS };
    const item = { event: {}, delivery: { offset: "7", key: null, headers: {}, redelivered: false } };
    assert.deepEqual(check(chunk, { items: [item, item] }), []);
    for (const bad of [
      null,
      {},
      { ...item, event: [] },
      { ...item, delivery: { ...item.delivery, offset: "x" } },
    ])
      assert.ok(check(chunk, { items: [item, bad] })[0], JSON.stringify(bad));
  });
});
