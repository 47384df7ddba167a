import zlib from "node:zlib";
import { CompressionCodecs, CompressionTypes } from "kafkajs";
import { compressFrameSync, decompressFrameSync } from "lz4-napi";
import snappy from "snappyjs";

// The Java client frames snappy in the xerial format: this magic, two 32-bit versions, then blocks of
// a big-endian length and that many bytes of raw snappy.
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

export interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

export function decompressSnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC))
    return Buffer.from(snappy.uncompress(bytes));
  const blocks: Buffer[] = [];
  let at = XERIAL_HEADER_BYTES;
  while (at < bytes.length) {
    const length = bytes.readUInt32BE(at);
    at += 4;
    blocks.push(Buffer.from(snappy.uncompress(bytes.subarray(at, at + length))));
    at += length;
  }
  return Buffer.concat(blocks);
}

const codecs: Record<number, Codec> = {
  [CompressionTypes.Snappy]: {
    compress: async ({ buffer }) => Buffer.from(snappy.compress(buffer)),
    decompress: async (bytes) => decompressSnappy(bytes),
  },
  [CompressionTypes.LZ4]: {
    compress: async ({ buffer }) => compressFrameSync(buffer),
    decompress: async (bytes) => decompressFrameSync(bytes),
  },
  [CompressionTypes.ZSTD]: {
    compress: async ({ buffer }) => zlib.zstdCompressSync(buffer),
    decompress: async (bytes) => zlib.zstdDecompressSync(bytes),
  },
};

/** The numbers that the record format has room for, and nothing in it yet. */
const UNASSIGNED = [5, 6, 7];

/** What the client would take for uncompressed bytes, and read rubbish. */
export function unknownCodec(type: number): Codec {
  const refuse = async (): Promise<never> => {
    throw new Error(
      `messages are compressed with codec ${type}, which this version does not know: update the gateway, or have the producer use gzip, snappy, lz4 or zstd`,
    );
  };
  return { compress: refuse, decompress: refuse };
}

/** Teaches the client the codecs that producers of any language use; it only knows gzip by itself. */
export function registerCodecs(): void {
  const known: Record<number, () => Codec> = CompressionCodecs;
  for (const [type, codec] of Object.entries(codecs)) known[Number(type)] = () => codec;
  for (const type of UNASSIGNED) known[type] = () => unknownCodec(type);
}
