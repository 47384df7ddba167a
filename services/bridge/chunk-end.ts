import type { KafkaMessage } from "kafkajs";

export interface ChunkLimits {
  maxMessages: number;
  /** Bytes of the messages' values; one larger message makes a chunk of its own. */
  maxBytes: number;
}

/** Where the chunk that begins at `from` ends (exclusive). */
export function chunkEnd(
  messages: readonly Pick<KafkaMessage, "value">[],
  from: number,
  { maxMessages, maxBytes }: ChunkLimits,
): number {
  let to = from;
  let bytes = 0;
  while (to < messages.length && to - from < maxMessages) {
    bytes += messages[to]?.value?.length ?? 0;
    if (bytes > maxBytes && to > from) break;
    to += 1;
  }
  return to;
}
