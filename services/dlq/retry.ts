import { WeirError } from "../../schemas/errors";
import { PARKED } from "../../schemas/lane";
import type { Redelivery, RedeliveryResult } from "../../schemas/redelivery";
import { settleLetter } from "./claim";
import { fitFailure } from "./fit";
import { fingerprintOf } from "./grouping/fingerprint";
import type { ItemResult } from "./item-result";
import { expiryOf, expiryOfClosed, type Letter } from "./letter";
import { isExhausted, type Plan } from "./policies/plan-retry";
import type { LetterPorts } from "./ports";
import { rawOf } from "./view";

/** What writing down the outcome of a redelivery needs. */
export interface OutcomePorts extends LetterPorts {
  /** True where it is its policy that retries: the retry was counted when it began. */
  byPolicy?: true;
  /** What is to become of a letter that failed again. */
  plan(letter: Letter): Plan;
}

export interface RetryPorts extends OutcomePorts {
  redeliver(letter: Redelivery): Promise<RedeliveryResult>;
  /** Whether one more letter may follow the one that it was parked behind; absent: any number. */
  mayFollow?(): Promise<boolean>;
  /** What became of letters that followed others, by id. */
  followed?: Map<string, ItemResult>;
}

/** Redeliveries under way at once: for one call of `dlq.retry`, or for one group whose letters are due. */
export const REDELIVERIES_AT_ONCE = 4;

/** Hands a claimed letter over and writes what became of it; `putBack` where nobody could have a look at it, which is thrown. */
export async function redeliverClaimed(
  ports: RetryPorts,
  letter: Letter,
  putBack: () => Promise<unknown>,
): Promise<ItemResult> {
  let result: RedeliveryResult;
  try {
    result = await ports.redeliver(redeliveryOf(letter));
  } catch (error) {
    await putBack();
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
  const { changes, entries, news } = closedBy(ports, result);
  if (await settleLetter(ports.collection, letter, changes, entries, news)) ports.tell("retried", letter);
  return { id: letter._id.toHexString(), ok: true, status: "retried", result };
}

/** What a letter becomes when its event was handled after all, whichever letter it is. `redrive`: the job that did it. */
export function closedBy(
  { ttlDays, now, news }: Pick<LetterPorts, "ttlDays" | "now" | "news">,
  result: "delivered" | "duplicate",
  redrive?: string,
) {
  const at = now();
  const changes: Partial<Letter> = { status: "retried", open: false, ...expiryOfClosed(ttlDays, at) };
  const entry = { at, action: "retried" as const, result, ...(redrive !== undefined && { redrive }) };
  return { changes, entries: [entry], news: news("retried", at) };
}

async function keepOpen(ports: RetryPorts, letter: Letter, result: RedeliveryResult): Promise<ItemResult> {
  const { changes, entries, news, exhausted, message } = failedAgain(ports, letter, result);
  const settled = await settleLetter(ports.collection, letter, changes, entries, news);
  if (settled && exhausted) ports.tell("exhausted", { ...letter, ...changes });
  await ports.reopen(new Set([changes.fingerprint]));
  const error = { type: changes.error.type, message };
  return { id: letter._id.toHexString(), ok: false, status: changes.status, error };
}

/** What a letter becomes when its redelivery failed: it waits for the time that its policy says, or for a person. */
export function failedAgain(ports: OutcomePorts, letter: Letter, result: RedeliveryResult, redrive?: string) {
  const at = ports.now();
  const reason = result.reason ?? letter.reason;
  const { error } = fitFailure(
    result.error ?? { type: "WEIR_REDELIVERY_FAILED", message: "No error was told." },
  );
  // A parked event had not been handled yet: this is its first failure, and nobody's retry.
  const counted = ports.byPolicy !== true && letter.reason !== PARKED;
  const failed = {
    ...(counted && { in_vain: (letter.in_vain ?? 0) + 1 }),
    reason,
    error,
    attempts: letter.attempts + 1,
    failed_at: at,
    fingerprint: fingerprintOf({ ...letter, reason, error }),
    ...expiryOf(ports.ttlDays, at),
  };
  const plan = ports.plan({ ...letter, ...failed });
  const message = error.message.slice(0, 500);
  const job = redrive !== undefined && { redrive };
  const entries: Letter["history"] = [{ at, action: "retry_failed", reason, message, ...job }];
  const exhausted = isExhausted(letter, { ...letter, ...failed }, plan);
  if (exhausted) entries.push({ at, action: "exhausted", retries: letter.retries ?? 0 });
  const news = exhausted ? ports.news("exhausted", at) : [];
  return { changes: { ...failed, ...plan }, entries, news, exhausted, message };
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
