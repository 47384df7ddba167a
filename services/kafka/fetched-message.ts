import { WireReader } from "./wire-reader";

export type Headers = Record<string, Buffer | (Buffer | null)[] | null>;

/** What the messages of one record batch have in common; the first two by the names that kafkajs looks for. */
export interface BatchContext {
  /** Decimal. */
  producerId: string;
  inTransaction: boolean;
  isControlBatch: boolean;
  firstTimestamp: bigint;
  /** Where the broker's own time counts: that of all messages; else null. */
  appendTime: bigint | null;
}

/** What a message without headers has: nearly every message, so that it is one object for all. */
const NO_HEADERS: Headers = Object.freeze(Object.create(null));

/**
 * A message as kafkajs hands it on. Keys and timestamps are cut out of the batch's bytes when they are asked for: a fetch brings
 * thousands of messages at once, which wait for their turn, and what is made for each of them is what the collector has to move.
 * They are getters of the class: a copy by its members has none.
 */
export class FetchedMessage {
  readonly magicByte = 2;
  readonly attributes = 0;
  /** How many groups are still to read it, and what one of them made of it (`SharedMessage`). */
  readers?: number = undefined;
  read?: unknown = undefined;
  readBy?: object = undefined;

  constructor(
    /** Decimal. */
    readonly offset: string,
    readonly value: Buffer | null,
    readonly headers: Headers,
    readonly batchContext: BatchContext,
    private readonly bytes: Buffer,
    private readonly timestampAt: number,
    private readonly keyAt: number,
    /** Bytes; negative for a message without a key. */
    private readonly keyLength: number,
  ) {}

  get key(): Buffer | null {
    return this.keyLength < 0 ? null : this.bytes.subarray(this.keyAt, this.keyAt + this.keyLength);
  }

  /** Milliseconds since the epoch, decimal. */
  get timestamp(): string {
    const { appendTime, firstTimestamp } = this.batchContext;
    if (appendTime !== null) return String(appendTime);
    const reader = new WireReader(this.bytes);
    reader.at = this.timestampAt;
    return String(firstTimestamp + reader.varLong());
  }

  get isControlRecord(): boolean {
    return this.batchContext.isControlBatch;
  }
}

/** Reads the next record of a batch of format 2. Throws a RangeError for bytes that are none. */
export function readRecord(reader: WireReader, context: BatchContext, firstOffset: number): FetchedMessage {
  const length = reader.varInt();
  reader.expect(length);
  const end = reader.at + length;
  // Its attributes, of which there are none yet.
  reader.at += 1;
  const timestampAt = reader.at;
  reader.skipVarInt();
  const offset = String(firstOffset + reader.varInt());
  const keyLength = reader.varInt();
  const keyAt = reader.at;
  if (keyLength > 0) reader.skip(keyLength);
  const valueLength = reader.varInt();
  const value = valueLength < 0 ? null : reader.part(valueLength);
  const headers = readHeaders(reader);
  if (reader.at > end) throw new RangeError(`a record of ${length} bytes is larger than it says`);
  reader.at = end;
  return new FetchedMessage(offset, value, headers, context, reader.bytes, timestampAt, keyAt, keyLength);
}

/** By their own names, `constructor` among them, and in linear time: a message may have thousands. */
function readHeaders(reader: WireReader): Headers {
  const count = reader.varInt();
  if (count <= 0) return NO_HEADERS;
  const headers: Headers = Object.create(null);
  for (let index = 0; index < count; index += 1) {
    // A name that is none would hold up its partition for ever.
    const name = reader.part(Math.max(0, reader.varInt())).toString("utf8");
    const length = reader.varInt();
    const value = length < 0 ? null : reader.part(length);
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else headers[name] = [before, value];
  }
  return headers;
}
