import assert from "node:assert/strict";
import { unstorableReason } from "../../../services/bridge/storable";

const reasonOf = (json: string) => unstorableReason(JSON.parse(json), json, Buffer.byteLength(json));

describe("what MongoDB cannot hold", () => {
  it("takes an ordinary event", () => {
    assert.equal(reasonOf('{"a":{"b":[1,{"c":"ü \\u00fc 😀 \\ud83d\\ude00"}]}}'), null);
  });

  for (const [what, json, reason] of [
    ["a NUL in a name", '{"a":{"b\\u0000c":1}}', /NUL/],
    ["a name that begins with a dollar sign", '{"a":[{"$where":1}]}', /dollar/],
    ["__proto__", '{"a":{"__proto__":{"x":1}}}', /__proto__/],
    ["a name by which a driver knows its own types", '{"a":{"_bsontype":"ObjectID"}}', /_bsontype/],
    ["a name by which a driver knows a function", '{"a":[{"toBSON":1}]}', /toBSON/],
    ["JSON that grows over the limit as BSON", `{"a":[${"1,".repeat(1_500_000)}1]}`, /as BSON/],
    ["half a surrogate pair in a text", '{"a":"\\ud800"}', /surrogate/],
    ["half a surrogate pair in a name", '{"\\uDC00":1}', /surrogate/],
    ["nesting over its limit", `${'{"a":'.repeat(120)}1${"}".repeat(120)}`, /nested/],
  ] as const) {
    it(`names ${what}`, () => assert.match(String(reasonOf(json)), reason));
  }

  it("keeps a dot in a name, which MongoDB holds", () =>
    assert.equal(reasonOf('{"http.method":"GET"}'), null));

  it("keeps a NUL in a text, which MongoDB holds", () => assert.equal(reasonOf('{"a":"b\\u0000c"}'), null));

  it("names an event that is larger than a document can be", () => {
    assert.match(String(unstorableReason({}, "{}", 16 * 1024 * 1024)), /bytes/);
  });
});
