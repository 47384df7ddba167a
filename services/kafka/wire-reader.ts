/** Reads numbers and strings of Kafka's protocol one after the other. Throws a RangeError at the end of the bytes. */
export class WireReader {
  at = 0;

  constructor(readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  int16(): number {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  int64(): bigint {
    this.at += 8;
    return this.bytes.readBigInt64BE(this.at - 8);
  }

  string(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.part(length).toString("utf8");
  }

  /** A signed number of up to 32 bits, by seven bits a byte, the lowest first. */
  varInt(): number {
    const { bytes } = this;
    let byte = bytes[this.at++];
    let value = 0;
    for (let shift = 0; byte !== undefined && shift < 35; shift += 7) {
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
      byte = bytes[this.at++];
    }
    throw new RangeError(`a number of variable length is cut off, or too long, before byte ${this.at}`);
  }

  /** The same of up to 64 bits. */
  varLong(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new RangeError(`a number of variable length is cut off, or too long, before byte ${this.at}`);
  }

  /** Passes over a number of variable length. */
  skipVarInt(): void {
    for (let length = 1; length <= 10; length += 1) if ((this.bytes[this.at++] ?? 0) < 0x80) return;
    throw new RangeError(`a number of variable length is too long before byte ${this.at}`);
  }

  /** The next bytes, not copied. */
  part(length: number): Buffer {
    const from = this.at;
    this.skip(length);
    return this.bytes.subarray(from, this.at);
  }

  skip(length: number): void {
    this.expect(length);
    this.at += length;
  }

  /** Throws where so many bytes are not there. */
  expect(length: number): void {
    if (length < 0 || length > this.left)
      throw new RangeError(`${length} bytes were announced at byte ${this.at}, ${this.left} are there`);
  }
}
