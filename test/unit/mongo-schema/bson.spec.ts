import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from "mongodb";
import { BSON, type SerializeOptions } from "mongodb/lib/core";
import { bson } from "../../../mixins/mongo-schema/bson/driver-option";
import {
  keptNames,
  MAX_KEPT_LENGTH,
  MAX_NAMES,
  nameBytes,
} from "../../../mixins/mongo-schema/bson/name-bytes";
import { MAX_BYTES, MAX_DEPTH, write } from "../../../mixins/mongo-schema/bson/writer";

const library = new BSON();
/** What the driver says of its commands, of documents that are inserted, and nothing at all. */
const OPTIONS: (SerializeOptions | undefined)[] = [
  { checkKeys: false, serializeFunctions: false, ignoreUndefined: false },
  { checkKeys: true, serializeFunctions: false, ignoreUndefined: false },
  { checkKeys: false, serializeFunctions: true, ignoreUndefined: true },
  undefined,
];

const name = fc.oneof(
  fc.string({ unit: "grapheme-ascii" }),
  fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
  fc.string({ unit: fc.constantFrom("a", "é", "€", "😀", "\ud800", "\udc00"), maxLength: 80 }),
  fc.constantFrom("__proto__", "constructor", "toJSON", "10", "9", "-1", "", "$db", "$set", "a.b", "length"),
);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 100 }),
  fc.string({ unit: "grapheme-ascii", maxLength: 100 }),
);
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, NaN, Infinity, -Infinity, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1),
  fc.constantFrom(2 ** 53, 2 ** 53 + 2, -(2 ** 53) - 2, 2 ** 63, 1e300, 5e-324, 2 ** -1022, Number.MAX_VALUE),
);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(Buffer.from);
const long = fc.tuple(fc.integer(), fc.integer());
const own = fc.oneof(
  bytes(12).map((id) => new ObjectId(id)),
  bytes(16).map((uuid) => new Binary(uuid, 4)),
  fc.uint8Array().map((content) => new Binary(Buffer.from(content))),
  fc.uint8Array().map((content) => Buffer.from(content)),
  long.map(([low, high]) => new Long(low, high)),
  long.map(([low, high]) => new Timestamp(low, high)),
  number.map((value) => new Double(value)),
  fc.integer().map((value) => new Int32(value)),
  fc.constantFrom(new MinKey(), new MaxKey(), Decimal128.fromString("1.5")),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, undefined, true, false),
    number,
    text,
    fc.date({ noInvalidDate: true }),
    own,
    fc.array(tie("value"), { maxLength: 12 }),
    fc
      .uniqueArray(fc.tuple(name, tie("value")), { maxLength: 6, selector: ([key]) => key })
      .map((entries) => Object.fromEntries(entries)),
  ),
}));

function outcome(serialize: () => Buffer): Buffer | string {
  try {
    return serialize();
  } catch (error) {
    return String(error);
  }
}

/** The driver's serializer does what the library does, whoever of the two has written it. */
function assertSame(document: unknown, all = OPTIONS): void {
  for (const options of all) {
    const its = outcome(() => library.serialize(document, options));
    const ours = outcome(() => bson.serialize(document, options));
    const same = typeof its === "string" || typeof ours === "string" ? its === ours : its.equals(ours);
    // Not by what is to be told of it: some are large.
    if (!same) assert.deepEqual(ours, its);
  }
}

/** The same, and it is the fast way that wrote it. */
function assertWritten(document: object, all = [OPTIONS[0]]): void {
  for (const options of all) {
    const written = write(document, options ?? {}, library);
    assert.equal(written?.toString("hex"), library.serialize(document, options).toString("hex"));
  }
}

function assertLeft(document: unknown, all = OPTIONS): void {
  for (const options of all) assert.equal(write(document, options ?? {}, library), undefined);
  assertSame(document, all);
}

describe("writing BSON", () => {
  it("any JSON, dates and the library's own types are written as the library writes them", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, size: "medium" }), (v) => assertWritten({ v })),
      { numRuns: 1_000 },
    );
  });

  it("whatever the options say, bytes and errors are the library's", () => {
    fc.assert(
      fc.property(fc.dictionary(name, value), (document) => assertSame(document)),
      { numRuns: 500 },
    );
  });

  it("frozen objects, objects without a prototype, of classes, of other realms, and inherited members", () => {
    class Concern {
      w = "majority";
      get inherited() {
        return 1;
      }
    }
    assertWritten({ frozen: Object.freeze({ a: Object.freeze([1]) }) }, OPTIONS);
    assertWritten({ bare: Object.assign(Object.create(null), { a: 1 }) }, OPTIONS);
    assertWritten({ concern: new Concern() }, OPTIONS);
    assertWritten(new Concern(), OPTIONS);
    assertWritten({ other: runInNewContext("({ a: [1, {}] })") }, OPTIONS);
    assertWritten(Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } }), OPTIONS);
    assertWritten(
      {
        get member() {
          return 1;
        },
      },
      OPTIONS,
    );
  });

  it("empty, sparse and long arrays, members that are undefined", () => {
    const sparse: unknown[] = [];
    sparse[12] = 1;
    assertWritten({ a: [], o: {}, sparse, none: undefined, nones: [undefined] }, OPTIONS);
    assertWritten({ long: Array.from({ length: 12_345 }, (_, i) => i) });
    assertWritten({});
  });

  it("a member that is called __proto__", () => {
    assertWritten(JSON.parse('{ "__proto__": { "__proto__": 1 }, "constructor": 2 }'));
  });

  it("strings around the length from which the runtime writes them", () => {
    for (let length = 40; length < 56; length++) {
      for (const end of ["", "é", "\ud83d\ude00", "\ud83d", "\0"]) {
        assertWritten({ ["n".repeat(length) + end.replace("\0", "")]: "s".repeat(length) + end });
      }
    }
  });

  it("an insert of a session is written at once: its own types are handed to the library one by one", () => {
    const serialized: unknown[] = [];
    const command = {
      insert: "events",
      documents: Array.from({ length: 1_000 }, (_, n) => ({ n, at: new Date(n) })),
      ordered: false,
      lsid: { id: new Binary(Buffer.alloc(16, 7), 4) },
      txnNumber: Long.fromNumber(5),
      $clusterTime: {
        clusterTime: new Timestamp(1, 2),
        signature: { hash: new Binary(Buffer.alloc(20)), keyId: Long.fromNumber(2 ** 40) },
      },
      $db: "weir",
    };
    const watched = {
      ...bson,
      serialize: (document: unknown, options?: SerializeOptions) => {
        serialized.push(document);
        return library.serialize(document, options);
      },
    };
    for (const checkKeys of [false, true]) {
      serialized.length = 0;
      const options = { checkKeys, ignoreUndefined: false };
      assert.deepEqual(write(command, options, watched), library.serialize(command, options));
      assert.deepEqual(
        serialized.map((document) => Object.keys(document as object)),
        Array.from({ length: 5 }, () => ["v"]),
      );
    }
  });

  it("what it does not know is left to the library", () => {
    const cyclic: Record<string, unknown> = { a: 1 };
    cyclic.self = [cyclic];
    class Tagged {
      [Symbol.toStringTag] = "Date";
    }
    for (const unknown of [
      /x/gi,
      runInNewContext("/x/"),
      () => 1,
      Symbol("s"),
      10n,
      new Map([["a", 1]]),
      new Set([1]),
      new Uint8Array(3),
      new String("boxed"),
      new Date(Number.NaN),
      new Tagged(),
      Object.defineProperty(new Map([["a", 1]]), Symbol.toStringTag, { value: undefined }),
      Object.create(RegExp.prototype),
      Object.create(Buffer.prototype, { [Symbol.toStringTag]: { value: undefined } }),
      { toBSON: () => ({ other: 1 }) },
      { toBSON: "no function" },
      { _bsontype: "DBRef", namespace: "n", oid: 1 },
      { _bsontype: "Code", code: "x", scope: { a: 1 } },
      { _bsontype: "Symbol", value: "s" },
      { _bsontype: "Elsewhere" },
      { _bsontype: 0 },
      { _bsontype: "Long" },
      { _bsontype: "ObjectID", id: 5 },
      Object.assign(new Date(0), { toBSON: () => 1 }),
      cyclic,
    ]) {
      assertLeft({ unknown });
      assertLeft({ within: [{ unknown }] });
    }
    for (const document of [
      null,
      undefined,
      1,
      "a",
      [1],
      new Map([["a", 1]]),
      cyclic,
      { toBSON: () => ({ a: 1 }) },
    ]) {
      assertLeft(document);
    }
    assertLeft({ "a\0b": 1 });
    assertLeft({ a: { "\0": 1 } });
    assertLeft({
      get thrown(): never {
        throw new Error("from a getter");
      },
    });
  });

  it("a name with a dot or a dollar is refused where names are checked", () => {
    const checked = OPTIONS.slice(1, 2);
    assertLeft({ a: { "b.c": 1 } }, checked);
    assertLeft({ $set: 1 }, checked);
    assertWritten({ $db: 1, $id: { $ref: 1 }, a$: 1 }, checked);
    assertWritten({ $set: { "b.c": 1 } });
  });

  it("an object deeper than MongoDB takes is left to the library, however deep", () => {
    const nested = (levels: number) => {
      let object: object = {};
      for (let i = 1; i < levels; i++) object = i % 2 ? [object] : { object };
      return { object };
    };
    assertWritten(nested(MAX_DEPTH - 1));
    assertLeft(nested(MAX_DEPTH), OPTIONS.slice(0, 1));
    assert.throws(() => bson.serialize(nested(100_000)), RangeError);
    assertWritten({ after: 1 });
  });

  it("up to the size that the library can write; its own error for what is larger", () => {
    const sized = (size: number, end: string) => ({
      a: "x".repeat(size - 13 - Buffer.byteLength(end)) + end,
    });
    const [options] = OPTIONS;
    for (const end of ["", "😀"]) {
      const whole = sized(MAX_BYTES, end);
      assert.ok(write(whole, {}, library)?.equals(library.serialize(whole, options)));
      for (const beyond of [1, 3, 1_022, 1_027]) {
        assert.equal(write(sized(MAX_BYTES + beyond, end), {}, library), undefined);
      }
    }
    const chunk = { x: "y".repeat(100_000) };
    for (const large of [
      { a: "x".repeat(MAX_BYTES), b: 1 },
      { a: Array.from({ length: 200 }, () => chunk) },
      { a: "x".repeat(MAX_BYTES - 100), ["n".repeat(2_000)]: 1 },
      { a: "x".repeat(MAX_BYTES - 100), b: new Binary(Buffer.alloc(2_000)) },
      { a: "x".repeat(MAX_BYTES - 100), b: Array.from({ length: 1_000 }, () => 1) },
    ]) {
      assert.equal(write(large, {}, library), undefined);
      assertSame(large, [options]);
    }
    assertWritten({ after: 1 });
  });

  it("bytes that were given away are not written to again", () => {
    for (const length of [1, 100, 10_000]) {
      const first = bson.serialize({ a: "x".repeat(length) });
      const before = Buffer.from(first);
      bson.serialize({ b: "y".repeat(length * 2) });
      assert.deepEqual(first, before);
    }
  });

  it("keeps a bounded number of names, and no long ones", () => {
    for (let i = 0; i < 3 * MAX_NAMES; i++) {
      assertWritten({ [`name ${i}`]: i });
      assert.ok(keptNames() <= MAX_NAMES);
    }
    const kept = keptNames();
    nameBytes("n".repeat(MAX_KEPT_LENGTH + 1));
    assert.equal(keptNames(), kept);
  });

  it("reads and measures as the library does", () => {
    const document = { a: 1, b: ["c"] };
    assert.deepEqual(bson.deserialize(bson.serialize(document), {}), document);
    assert.equal(bson.calculateObjectSize(document), library.calculateObjectSize(document));
  });
});
