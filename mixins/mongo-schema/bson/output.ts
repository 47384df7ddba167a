/** What one element may need beyond the limit before it is looked at again: a kept name, a short string, the ends of all objects. */
const SLACK = 1_024;
/** Characters and bytes: up to here a loop is faster than a call of the runtime. */
const SHORT_STRING = 48;
const SHORT_NAME = 24;
const TWO_32 = 2 ** 32;
/** The library's NaN is not the processor's. */
const NAN = Uint8Array.of(1, 0, 0, 0, 0, 0, 0xf0, 0x7f);

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

/** The buffer that BSON is written to, and how its simple values look there. */
export class Output {
  readonly #limit: number;
  readonly bytes: Buffer;
  at = 0;

  constructor(limit: number) {
    this.#limit = limit;
    // Memory that was never written takes none: this becomes as large as the largest command so far.
    this.bytes = Buffer.allocUnsafeSlow(limit + SLACK);
  }

  /** What does not fit may go on for one element more, and is cut off; then this is true, and stays so. */
  get isFull(): boolean {
    return this.at > this.#limit;
  }

  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }

  name(encoded: Uint8Array): void {
    const { bytes, at } = this;
    const length = encoded.length;
    if (length > SHORT_NAME) bytes.set(encoded, at);
    else for (let i = 0; i < length; i++) bytes[at + i] = encoded[i] as number;
    this.at = at + length;
  }

  /** The name of an array's element. */
  position(position: number): void {
    const { bytes, at } = this;
    const digits = position < 10 ? 1 : position < 100 ? 2 : position < 1_000 ? 3 : String(position).length;
    for (let i = digits - 1, rest = position; i >= 0; i--, rest = Math.floor(rest / 10)) {
      bytes[at + i] = 48 + (rest % 10);
    }
    bytes[at + digits] = 0;
    this.at = at + digits + 1;
  }

  string(text: string): void {
    const { bytes } = this;
    const start = this.at + 4;
    const length = text.length;
    let written = 0;
    if (length < SHORT_STRING) {
      for (; written < length; written++) {
        const code = text.charCodeAt(written);
        if (code > 127) break;
        bytes[start + written] = code;
      }
    }
    // A string that does not fit is cut off between two characters, less than 4 bytes from the end: this is full then.
    if (written < length) written = bytes.write(text, start);
    bytes[start + written] = 0;
    this.int32At(written + 1, start - 4);
    this.at = start + written + 1;
  }

  double(value: number): void {
    const { bytes, at } = this;
    double[0] = value;
    const from = Number.isNaN(value) ? NAN : doubleBytes;
    for (let i = 0; i < 8; i++) bytes[at + i] = from[i] as number;
    this.at = at + 8;
  }

  int32(value: number): void {
    this.int32At(value, this.at);
    this.at += 4;
  }

  /** @param value a safe integer */
  int64(value: number): void {
    this.int32At(value, this.at);
    this.int32At(Math.floor(value / TWO_32), this.at + 4);
    this.at += 8;
  }

  int32At(value: number, at: number): void {
    const { bytes } = this;
    bytes[at] = value;
    bytes[at + 1] = value >> 8;
    bytes[at + 2] = value >> 16;
    bytes[at + 3] = value >> 24;
  }

  /** Throws where they do not fit. */
  raw(part: Uint8Array): void {
    this.bytes.set(part, this.at);
    this.at += part.length;
  }
}
