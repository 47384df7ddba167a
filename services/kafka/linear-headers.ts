import Decoder from "kafkajs/src/protocol/decoder";

export type DecodedHeaders = Record<string, Buffer | null | (Buffer | null)[]>;

/** What a message without headers has: nearly every message, so that it is one object for all. */
const NO_HEADERS: DecodedHeaders = Object.freeze(Object.create(null));

/**
 * kafkajs 2.2.4 copies all headers so far for each further one: a few thousand in one message stop the process for minutes.
 * And it looks names up in an ordinary object, where `constructor` is found although no header has that name. It reads headers
 * by the one method that is replaced here, and only them.
 */
export function readHeadersInLinearTime(): void {
  Decoder.prototype.readVarIntArray = function readVarIntArray(read) {
    const length = this.readVarInt();
    if (length <= 0) return NONE;
    const headers: DecodedHeaders = Object.create(null);
    for (let index = 0; index < length; index += 1) {
      const { key, value } = read(this);
      const before = headers[key];
      if (before === undefined) headers[key] = value;
      else if (Array.isArray(before)) before.push(value);
      else headers[key] = [before, value];
    }
    // The caller reduces what it gets to an object.
    return { reduce: () => headers };
  };
}

const NONE = { reduce: () => NO_HEADERS };
