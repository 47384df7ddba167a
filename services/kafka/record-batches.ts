import { lookupCodecByAttributes } from "kafkajs/src/protocol/message/compression/index";
import { type BatchContext, type FetchedMessage, readRecord } from "./fetched-message";
import { WireReader } from "./wire-reader";

/** Of a record batch of format 2, up to its records: what comes before its length, and after. */
const LENGTH_BYTES = 12;
const HEADER_BYTES = 49;
/** Behind the length. */
const FORMAT_AT = 4;
const FORMAT = 2;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/**
 * The messages of all record batches of format 2 in a fetch's answer for one partition. A batch that is cut off at the end, as Kafka does
 * to keep to the limit that was asked for, is left out. Throws for bytes that are no batch, and for a codec that nobody knows.
 */
export async function readRecordBatches(bytes: Buffer): Promise<FetchedMessage[]> {
  const messages: FetchedMessage[] = [];
  const reader = new WireReader(bytes);
  while (reader.left >= LENGTH_BYTES + HEADER_BYTES) {
    const firstOffset = reader.int64();
    const length = reader.int32();
    if (length > reader.left) break;
    if (length < HEADER_BYTES)
      throw new RangeError(`a record batch of ${length} bytes is shorter than its header`);
    // Another one after these begins the next fetch's answer.
    if (reader.bytes[reader.at + FORMAT_AT] !== FORMAT && messages.length > 0) break;
    await readBatch(new WireReader(reader.part(length)), firstOffset, messages);
  }
  return messages;
}

async function readBatch(reader: WireReader, firstOffset: bigint, messages: FetchedMessage[]): Promise<void> {
  const format = reader.bytes[FORMAT_AT];
  if (format !== FORMAT) throw new RangeError(`a record batch is of format ${format}, which is not known`);
  // The leader's epoch, the format and the checksum.
  reader.skip(9);
  const attributes = reader.int16();
  reader.skip(4);
  const firstTimestamp = reader.int64();
  const maxTimestamp = reader.int64();
  const producerId = String(reader.int64());
  // The producer's epoch and its first sequence number.
  reader.skip(6);
  const count = reader.int32();
  const context: BatchContext = {
    producerId,
    inTransaction: (attributes & TRANSACTIONAL) !== 0,
    isControlBatch: (attributes & CONTROL) !== 0,
    firstTimestamp,
    appendTime: (attributes & LOG_APPEND_TIME) !== 0 ? maxTimestamp : null,
  };
  // A batch that compaction has emptied has nothing to decompress either.
  if (count <= 0) return;
  const codec = lookupCodecByAttributes(attributes);
  const records = codec ? new WireReader(await codec.decompress(reader.part(reader.left))) : reader;
  const first = Number(firstOffset);
  for (let index = 0; index < count; index += 1) messages.push(readRecord(records, context, first));
}
