import type { KafkaMessage } from "kafkajs";

export interface ChunkLimits {
  maxMessages: number;
  /** Bytes of the messages' values; one larger message makes a chunk of its own. */
  maxBytes: number;
}

/** Where each chunk of a batch ends: pairs of indexes, the second exclusive. */
export function* cutChunks(
  messages: readonly Pick<KafkaMessage, "value">[],
  limits: () => ChunkLimits,
): Generator<[from: number, to: number]> {
  let from = 0;
  while (from < messages.length) {
    const { maxMessages, maxBytes } = limits();
    let to = from;
    let bytes = 0;
    while (to < messages.length && to - from < maxMessages) {
      bytes += messages[to]?.value?.length ?? 0;
      if (bytes > maxBytes && to > from) break;
      to += 1;
    }
    yield [from, to];
    from = to;
  }
}
