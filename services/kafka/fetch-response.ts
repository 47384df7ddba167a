import Decoder from "kafkajs/src/protocol/decoder";
import decodeMessageSet from "kafkajs/src/protocol/messageSet/decoder";
import response from "kafkajs/src/protocol/requests/fetch/v11/response";
import { readRecordBatches } from "./record-batches";
import { WireReader } from "./wire-reader";

/** Where a message set and a record batch alike say of which format they are; the first that is a record batch. */
const FORMAT_AT = 16;
const RECORD_BATCH = 2;

/**
 * kafkajs 2.2.4 makes a decoder, four buffers and a handful of big integers for each message, takes quadratic time over headers, and looks
 * their names up in an ordinary object. So the answers of brokers since Kafka 2.3 are read here instead, into the same members; those
 * of older ones, which the gateway is not made for, by kafkajs.
 */
export function readFetchResponses(): void {
  response.decode = readFetchResponse;
}

async function readFetchResponse(bytes: Buffer): Promise<object> {
  const reader = new WireReader(bytes);
  const clientSideThrottleTime = reader.int32();
  const errorCode = reader.int16();
  const sessionId = reader.int32();
  const responses = await readArray(reader, async () => ({
    topicName: reader.string(),
    partitions: await readArray(reader, () => readPartition(reader)),
  }));
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

async function readPartition(reader: WireReader): Promise<object> {
  return {
    partition: reader.int32(),
    errorCode: reader.int16(),
    highWatermark: String(reader.int64()),
    lastStableOffset: String(reader.int64()),
    lastStartOffset: String(reader.int64()),
    abortedTransactions: await readArray(reader, async () => ({
      producerId: String(reader.int64()),
      firstOffset: String(reader.int64()),
    })),
    preferredReadReplica: reader.int32(),
    messages: await readMessages(reader),
  };
}

async function readMessages(reader: WireReader): Promise<object[]> {
  const length = reader.int32();
  if (length <= 0) return [];
  const bytes = reader.part(length);
  if ((bytes[FORMAT_AT] ?? RECORD_BATCH) >= RECORD_BATCH) return readRecordBatches(bytes);
  return decodeMessageSet(new Decoder(bytes), length);
}

async function readArray<Item>(reader: WireReader, read: () => Promise<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for (let left = reader.int32(); left > 0; left -= 1) items.push(await read());
  return items;
}
