import { setTimeout as delay } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import type { Logger } from "moleculer";
import type { DeadLetterInput } from "../../../schemas/dead-letter";
import { WeirError, WeirRetryableError } from "../../../schemas/errors";
import { type BatchVerdict, GroupConsumer } from "../../kafka/group-consumer";
import type { PartitionBatch } from "../../kafka/partition-batch";
import type { TopicAdmin } from "../../kafka/topic-admin";
import { type ChunkLimits, chunkEnd } from "../chunk-end";
import { foreignLetter, type LetterSettings } from "./foreign-letter";

const LOOK_EVERY_MS = 200;
const STUCK_AFTER_MS = 60_000;
const METADATA = "weir import";

export interface ImportRequest {
  topic: string;
  original_topic?: string;
}

export interface ImportResult {
  topic: string;
  /** Letters that are new, and those that were there already. */
  imported: number;
  present: number;
}

export interface ImportPorts extends Omit<LetterSettings, "originalTopic"> {
  kafka: Kafka;
  admin: TopicAdmin;
  logger: Logger;
  limits: ChunkLimits;
  signal: AbortSignal;
  /** Resolves when every letter is stored. */
  deadLetter(letters: DeadLetterInput[]): Promise<{ inserted: number; present: number }>;
  now(): Date;
}

/**
 * Makes letters of what a Kafka dead letter topic holds now and no import has taken yet. Its own consumer group remembers how
 * far imports have come; an offset is committed after its letters are stored. Throws WEIR_TOPIC_UNKNOWN, WEIR_IMPORT_NO_ORIGIN
 * (what came before is imported then), WEIR_KAFKA_UNAVAILABLE.
 */
export async function importTopic(ports: ImportPorts, request: ImportRequest): Promise<ImportResult> {
  const { topic, original_topic: originalTopic } = request;
  const { admin, logger, kafka, configuration } = ports;
  if ((await admin.existing([topic]).catch(notAnswered)).length === 0) throw unknownTopic(topic);
  const groupId = `${configuration.groupPrefix}import-of.${topic}`;
  const lag = await admin.lag(groupId, [topic]).catch(notAnswered);
  const ends = new Map(
    lag.filter((one) => one.lag > 0).map(({ partition, end }) => [partition, BigInt(end)]),
  );
  const result: ImportResult = { topic, imported: 0, present: 0 };
  if (ends.size === 0) return result;

  let failure: Error | null = null;
  const handle = async (batch: PartitionBatch): Promise<BatchVerdict> => {
    let from = 0;
    while (from < batch.messages.length && batch.mayGoOn() && !failure) {
      const to = chunkEnd(batch.messages, from, ports.limits);
      const chunk = batch.messages.slice(from, to);
      const letters = chunk.map((message) =>
        foreignLetter({ ...ports, originalTopic }, batch, message, ports.now()),
      );
      const unknown = letters.indexOf(null);
      const known = letters.slice(0, unknown < 0 ? undefined : unknown).flatMap((letter) => letter ?? []);
      if (known.length > 0) {
        const { inserted, present } = await ports.deadLetter(known);
        result.imported += inserted;
        result.present += present;
        await batch.commitThrough(from + known.length - 1, METADATA);
      }
      if (unknown >= 0) failure = noOrigin(batch, String(chunk[unknown]?.offset));
      from = to;
    }
    return { done: true };
  };
  const consumer = new GroupConsumer({
    kafka,
    groupId,
    topics: [topic],
    concurrency: 1,
    logger,
    handle,
    metadataFor: async () => METADATA,
    onTrouble: (message, error) => logger.warn(`Import of ${topic}: ${message}`, error),
    onJoined: () => undefined,
  });
  consumer.start();
  try {
    await reached(ports, groupId, topic, ends, () => failure);
  } finally {
    await consumer.stop();
  }
  return result;
}

/** Resolves when the group has committed all the ends. */
async function reached(
  { admin, signal }: ImportPorts,
  groupId: string,
  topic: string,
  ends: Map<number, bigint>,
  failure: () => Error | null,
): Promise<void> {
  let last = "";
  let since = performance.now();
  for (;;) {
    const failed = failure();
    if (failed) throw failed;
    if (signal.aborted)
      throw new WeirRetryableError("WEIR_STOPPED", `The gateway stops; import ${topic} again.`);
    // While Kafka looks for the group's coordinator it does not answer: no reason to give up.
    const committed = await admin.committed(groupId, [topic]).catch(() => []);
    if (
      committed.length > 0 &&
      committed.every(({ partition, offset }) => BigInt(offset) >= (ends.get(partition) ?? -1n))
    )
      return;
    const now = committed.map(({ offset }) => offset).join();
    if (now !== last) since = performance.now();
    last = now;
    if (performance.now() - since > STUCK_AFTER_MS) {
      const message = `The import of ${topic} does not get on: nothing was committed for ${STUCK_AFTER_MS / 1_000} s. What was imported stays; import it again.`;
      throw new WeirRetryableError("WEIR_KAFKA_UNAVAILABLE", message, { topic });
    }
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function notAnswered(error: Error): never {
  const message = `Kafka did not answer: ${error.message}. Nothing was imported; try again.`;
  throw new WeirRetryableError("WEIR_KAFKA_UNAVAILABLE", message);
}

function unknownTopic(topic: string): WeirError {
  return new WeirError("WEIR_TOPIC_UNKNOWN", `Kafka has no topic ${topic}: check its name.`, { topic });
}

function noOrigin({ topic, partition }: PartitionBatch, offset: string): WeirError {
  return new WeirError(
    "WEIR_IMPORT_NO_ORIGIN",
    `Nothing tells to which topic the message at ${topic}[${partition}] offset ${offset} belongs: it has no header that names one, and is no valid event. Import again with original_topic. What came before it is imported.`,
    { topic, partition, offset },
  );
}
