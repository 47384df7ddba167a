import { randomUUID } from "node:crypto";
import type { Collection } from "mongodb";
import { WeirError } from "../../schemas/errors";
import type { Redelivery, RedeliveryResult } from "../../schemas/redelivery";
import { claimLetter, releaseLetter, settleLetter } from "./claim";
import { fitFailure } from "./fit";
import { fingerprintOf } from "./grouping/fingerprint";
import { failedItem, type ItemResult } from "./item-result";
import { expiryOf, expiryOfClosed, type Letter, type LetterTtl } from "./letter";
import { rawOf } from "./view";

export interface RetryPorts {
  collection: Collection<Letter>;
  redeliver(letter: Redelivery): Promise<RedeliveryResult>;
  ttlDays: LetterTtl;
  now(): Date;
  /** Told of each letter that is closed by its retry. */
  retried(letter: Letter): void;
}

/** Redeliveries under way at once for one call of `dlq.retry`. */
const CONCURRENCY = 4;

/** Hands each letter over again; the answers are in the order of the ids. One letter's fault is its own answer alone. */
export async function retryLetters(ports: RetryPorts, ids: string[]): Promise<ItemResult[]> {
  const results: ItemResult[] = new Array(ids.length);
  const queue = ids.entries();
  const work = async (): Promise<void> => {
    for (const [index, id] of queue) {
      results[index] = await retryLetter(ports, id).catch((error: Error) => failedItem(id, error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, ids.length) }, work));
  return results;
}

async function retryLetter(ports: RetryPorts, id: string): Promise<ItemResult> {
  const { collection, now } = ports;
  const letter = await claimLetter(collection, id, randomUUID(), now());
  let result: RedeliveryResult;
  try {
    result = await ports.redeliver(redeliveryOf(letter));
  } catch (error) {
    // Nobody had a look at it: it waits as before.
    await releaseLetter(collection, letter);
    throw error;
  }
  return result.status === "delivered" || result.status === "duplicate"
    ? await close(ports, letter, result.status)
    : await keepOpen(ports, letter, result);
}

async function close(
  ports: RetryPorts,
  letter: Letter,
  result: "delivered" | "duplicate",
): Promise<ItemResult> {
  const at = ports.now();
  await settleLetter(ports.collection, letter, closedBy(ports.ttlDays, at), {
    at,
    action: "retried",
    result,
  });
  ports.retried(letter);
  return { id: letter._id.toHexString(), ok: true, status: "retried", result };
}

/** What a letter becomes when its event was handled after all. */
export function closedBy(ttlDays: LetterTtl, at: Date): Partial<Letter> {
  return { status: "retried", open: false, ...expiryOfClosed(ttlDays, at) };
}

async function keepOpen(ports: RetryPorts, letter: Letter, result: RedeliveryResult): Promise<ItemResult> {
  const { changes, entry } = failedAgain(letter, result, ports.ttlDays, ports.now());
  await settleLetter(ports.collection, letter, changes, entry);
  const error = { type: changes.error.type, message: entry.message };
  return { id: letter._id.toHexString(), ok: false, status: "pending", error };
}

/** What a letter becomes when its redelivery failed. */
export function failedAgain(letter: Letter, result: RedeliveryResult, ttlDays: LetterTtl, at: Date) {
  const reason = result.reason ?? letter.reason;
  const { error } = fitFailure(
    result.error ?? { type: "WEIR_REDELIVERY_FAILED", message: "No error was told." },
  );
  const changes = {
    status: "pending" as const,
    reason,
    error,
    attempts: letter.attempts + 1,
    failed_at: at,
    fingerprint: fingerprintOf({ ...letter, reason, error }),
    ...expiryOf(ttlDays, at),
  };
  const message = error.message.slice(0, 500);
  return { changes, entry: { at, action: "retry_failed" as const, reason, message } };
}

/** Throws WEIR_DEAD_LETTER_CUT where the message is not whole. */
export function redeliveryOf(letter: Letter): Redelivery {
  const id = letter._id.toHexString();
  if (letter.cut?.includes("raw")) {
    const message = `Dead letter ${id} was too large to be kept whole: send the message again from its source.`;
    throw new WeirError("WEIR_DEAD_LETTER_CUT", message, { id });
  }
  const { group, reason, original_topic, partition, offset, key, headers } = letter;
  return {
    id,
    ...(group !== undefined && { group }),
    reason,
    raw: rawOf(letter),
    original_topic,
    partition,
    offset,
    key,
    headers: Object.fromEntries(headers),
  };
}
