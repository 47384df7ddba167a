import assert from "node:assert/strict";
import fc from "fast-check";
import { lossIn } from "../../../services/bridge/faithful";

const lossOf = (text: string) => lossIn(Buffer.from(text), text, JSON.parse(text));

describe("what a JSON text loses when it is parsed", () => {
  it("is nothing for texts of every style", () => {
    for (const text of [
      '{"a":1,"b":[true,null,"x"]}',
      '{ "a" : 1.0,\n\t"b":"\\u0041\\n\\"", "c": -0, "d": 1e3 }',
      '{"2":0,"1":0}',
      '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
      '{"text":"{\\"a\\":1,\\"a\\":2} 9007199254740993"}',
      '{"n":9007199254740992,"m":-9007199254740992,"big":100000000000000000000}',
      '{"pi":3.141592653589793,"third":0.33333333333333331,"small":5e-324}',
      "[]",
    ])
      assert.equal(lossOf(text), null, text);
  });

  it("is nothing for whatever JavaScript writes, with blanks or without", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, "\t"), (value, space) => {
        const text = JSON.stringify(value, null, space);
        const parsed = JSON.parse(text);
        const loss = lossIn(Buffer.from(text), text, parsed);
        // V8 may misread a name here, as below.
        if (JSON.stringify(parsed, null, space) !== text) assert.match(String(loss), /misread|twice/, text);
        // Of a large number JavaScript writes the shortest digits that lead back to it.
        else if (space === 0 || !/\d{16}/.test(text)) assert.equal(loss, null, text);
      }),
    );
    assert.equal(lossOf(JSON.stringify({ n: 123456789012345680000 })), null);
  });

  it("is nothing for very long texts, whatever else is looked for in them", () => {
    for (const part of ["a", "\\n", "\\\\"]) {
      const text = `{"n": 1e3, "x":"${part.repeat(12_000_000 / part.length)}"}`;
      assert.equal(lossOf(text), null, part);
    }
  });

  it("is told of a name that comes twice at any depth, whatever else there is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.string(), (one, other, name) => {
        const [first, second, key] = [one, other, name].map((part) => JSON.stringify(part));
        const text = `{"rest":[${second},{${key}:${first},"${name.length}!":null,${key}:${second}}]}`;
        assert.notEqual(lossOf(text), null, text);
      }),
    );
  });

  it("is told of a name that comes twice, however it is written", () => {
    assert.match(String(lossOf('{"a":1,"b":2,"a":1}')), /"a" twice/);
    assert.match(String(lossOf('{"x":[{"a":1, "\\u0061" : 2}]}')), /"a" twice/);
  });

  it("is told of names that V8 misreads after it has seen others", () => {
    // https://github.com/nodejs/node/issues/63785
    JSON.parse('{"a":[],"\\\\":0}');
    assert.match(String(lossOf('{"a":1,"\\u0061":2}')), /twice/);
    const quote = '{"a":1,"\\"":2}';
    const isMisread = !('"' in JSON.parse(quote));
    assert.equal(lossOf(quote) === null, !isMisread);
    assert.match(lossOf(quote) ?? "misread", /misread/);
    assert.equal(lossOf('{"a b":1,"tab\\t":"\\u0061"}'), null);
  });

  it("is told of numbers that would become others", () => {
    assert.match(String(lossOf('{"n":9007199254740993}')), /9007199254740993 would become 9007199254740992/);
    assert.match(String(lossOf("[1e400]")), /too large/);
    assert.match(String(lossOf("[-1e-400]")), /too small/);
    assert.match(String(lossOf("[0.1234567890123456789]")), /more digits/);
  });
});
