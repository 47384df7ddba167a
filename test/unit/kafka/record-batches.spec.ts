import assert from "node:assert/strict";
import fc from "fast-check";
import Decoder from "kafkajs/src/protocol/decoder";
import Record from "kafkajs/src/protocol/recordBatch/record/v0/index";
import { RecordBatch } from "kafkajs/src/protocol/recordBatch/v0/index";
import decodeMessages from "kafkajs/src/protocol/requests/fetch/v4/decodeMessages";
import { registerCodecs } from "../../../services/kafka/codecs";
import { readRecordBatches } from "../../../services/kafka/record-batches";
import batches from "../../fixtures/java-batches.json";

const ATTRIBUTES_AT = 21;
const MAX_TIMESTAMP_AT = 35;

interface Sent {
  timestampDelta: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: { [name: string]: Buffer | string | (Buffer | string)[] };
}

/** A batch as kafkajs writes it. */
async function batchOf(sent: Sent[], options: object = {}): Promise<Buffer> {
  const records = sent.map((record, offsetDelta) => Record({ ...record, offsetDelta }));
  const { buffer } = await RecordBatch({ firstTimestamp: 1_700_000_000_000, records, ...options });
  return buffer;
}

const message = (value: string): Sent => ({
  timestampDelta: 0,
  key: Buffer.from("key"),
  value: Buffer.from(value),
  headers: {},
});

/** What kafkajs makes of the same bytes. */
async function byKafkajs(bytes: Buffer) {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  const messages = await decodeMessages(new Decoder(Buffer.concat([length, bytes])));
  return messages.map(({ batchContext: { producerId, inTransaction }, headers, ...rest }) => {
    const { offset, key, value, timestamp, isControlRecord } = rest;
    return { offset, key, value, timestamp, headers, isControlRecord, producerId, inTransaction };
  });
}

async function byUs(bytes: Buffer) {
  const messages = await readRecordBatches(bytes);
  return messages.map(({ offset, key, value, timestamp, headers, isControlRecord, batchContext }) => {
    const { producerId, inTransaction } = batchContext;
    const named = { ...headers };
    return { offset, key, value, timestamp, headers: named, isControlRecord, producerId, inTransaction };
  });
}

const assertSame = async (bytes: Buffer) => assert.deepEqual(await byUs(bytes), await byKafkajs(bytes));

describe("record batches", () => {
  before(registerCodecs);

  for (const codec of ["gzip", "snappy", "lz4", "zstd"] as const) {
    it(`of Kafka's Java client, compressed with ${codec}, are read as kafkajs reads them`, async () => {
      await assertSame(Buffer.from(batches[codec], "base64"));
    });
  }

  it("of any content are read as kafkajs reads them", async () => {
    const bytes = fc.oneof(
      fc.constant(null),
      fc.uint8Array({ maxLength: 300 }).map((part) => Buffer.from(part)),
    );
    const header = fc.oneof(fc.string(), fc.array(fc.string(), { minLength: 2, maxLength: 3 }));
    const record = fc.record({
      timestampDelta: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
      key: bytes,
      value: bytes,
      // kafkajs looks names up in an ordinary object.
      headers: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), header, { maxKeys: 3 }),
    });
    const options = fc.record({
      firstOffset: fc
        .bigInt({ min: 0n, max: 2n ** 50n })
        .map((value) => ({ value, toString: () => `${value}` })),
      transactional: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), options, async (records, how) => {
        const batch = await batchOf(records as Sent[], { transactional: how.transactional });
        batch.writeBigInt64BE(how.firstOffset.value);
        await assertSame(batch);
      }),
    );
  });

  it("say when the broker appended them, where its time counts", async () => {
    const batch = await batchOf([message("one"), message("two")]);
    batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | 0x08, ATTRIBUTES_AT);
    batch.writeBigInt64BE(1_800_000_000_000n, MAX_TIMESTAMP_AT);
    assert.deepEqual(
      (await byUs(batch)).map(({ timestamp }) => timestamp),
      ["1800000000000", "1800000000000"],
    );
    await assertSame(batch);
  });

  it("of transactions' ends are told apart", async () => {
    const batch = await batchOf([message("")]);
    batch.writeInt16BE(0x30, ATTRIBUTES_AT);
    const [marker] = await readRecordBatches(batch);
    assert.equal(marker?.isControlRecord, true);
    assert.equal(marker?.batchContext.inTransaction, true);
  });

  it("are read one after the other, and what is cut off at the end is left to the next fetch", async () => {
    const first = await batchOf([message("one"), message("two")]);
    const both = Buffer.concat([first, await batchOf([message("three")])]);
    for (let length = 0; length <= both.length; length += 1) {
      const read = await readRecordBatches(both.subarray(0, length));
      const expected = length < first.length ? 0 : length < both.length ? 2 : 3;
      assert.equal(read.length, expected, `${length} of ${both.length} bytes`);
    }
  });

  it("that compaction has emptied hold nothing up, whatever they were compressed with", async () => {
    const emptied = (await batchOf([message("")])).subarray(0, 61);
    emptied.writeInt32BE(49, 8);
    emptied.writeInt32BE(0, 57);
    const next = await batchOf([message("next")]);
    for (const codec of [0, 1, 2, 3, 4, 5]) {
      emptied.writeInt16BE(codec, ATTRIBUTES_AT);
      const read = await readRecordBatches(Buffer.concat([emptied, next]));
      assert.deepEqual(
        read.map(({ value }) => String(value)),
        ["next"],
      );
    }
  });

  it("of another format are refused, and left to the next fetch where others come before", async () => {
    const other = await batchOf([message("other")]);
    other[16] = 3;
    await assert.rejects(readRecordBatches(other), /format 3, which is not known/);
    assert.equal(
      (await readRecordBatches(Buffer.concat([await batchOf([message("one")]), other]))).length,
      1,
    );
  });

  it("of very many messages are read whole", async () => {
    const record = message("x");
    const count = 200_000;
    const read = await readRecordBatches(await batchOf(new Array<Sent>(count).fill(record)));
    assert.equal(read.length, count);
    assert.equal(read.at(-1)?.offset, String(count - 1));
  });

  it("that are damaged are an error or other messages, and never without an end", async () => {
    const batch = await batchOf([message("one"), { ...message("two"), headers: { a: "1", b: ["2", "3"] } }]);
    for (let at = 12; at < batch.length; at += 1) {
      for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
        const damaged = Buffer.from(batch);
        damaged[at] = byte;
        await readRecordBatches(damaged).catch((error: Error) => assert.ok(error.message));
      }
    }
    const short = Buffer.from(batch);
    short.writeInt32BE(10, 8);
    await assert.rejects(readRecordBatches(short), /a record batch of 10 bytes is shorter than its header/);
  });
});
