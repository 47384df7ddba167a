import type { Collection, ObjectId } from "mongodb";
import type { DlqPolicy } from "../../../schemas/dlq-policy";
import { NO_CLAIM, settleLetter } from "../claim";
import { redeliverInOrder } from "../lanes/redeliver-in-order";
import type { Letter } from "../letter";
import { choosePolicy } from "../policies/choose-policy";
import { limitOf, MAX_AGE_MS, triesOf } from "../policies/next-retry-at";
import type { RetryPorts } from "../retry";
import { takeForRetry } from "./claim-due";

/** A letter that nobody could take is asked for again after this time. */
export const POSTPONED_MS = 30_000;

/** Hands over one letter that this gateway has claimed, and writes what became of it. Throws what MongoDB does. */
export async function retryDue(
  ports: RetryPorts,
  policies: readonly DlqPolicy[],
  id: ObjectId,
  claim: string,
): Promise<void> {
  const letter = await takeForRetry(ports.collection, id, claim, ports.now());
  if (!letter) return;
  const retry = choosePolicy(policies, letter);
  if (retry.kind === "manual") return leaveToAPerson(ports, uncounted(letter), "unscheduled");
  // One more than the policy allows: the last one ended its process before it could be written down.
  if (triesOf(retry, letter) > limitOf(retry)) return leaveToAPerson(ports, uncounted(letter), "exhausted");
  let putBack = false;
  await redeliverInOrder(ports, letter, async () => {
    putBack = true;
    await postpone(ports, uncounted(letter));
  }).catch((error: Error) => {
    // The plugin is away, or has no time, or it is not the letter's turn: that is no attempt, and no fault of the letter's.
    if (!putBack) throw error;
  });
}

function uncounted(letter: Letter): Letter {
  return { ...letter, retries: (letter.retries ?? 1) - 1 };
}

async function leaveToAPerson(
  ports: RetryPorts,
  letter: Letter,
  action: "exhausted" | "unscheduled",
): Promise<void> {
  const at = ports.now();
  const { retries = 0 } = letter;
  const exhausted = action === "exhausted";
  const entry = exhausted ? { at, action, retries } : { at, action };
  const news = exhausted ? ports.news(action, at) : [];
  const changes: Partial<Letter> = { status: "pending", retries };
  const settled = await settleLetter(ports.collection, letter, changes, [entry], news);
  if (settled && exhausted) ports.tell(action, letter);
}

async function postpone(ports: RetryPorts, letter: Letter): Promise<void> {
  const next_retry_at = new Date(ports.now().getTime() + POSTPONED_MS);
  if (next_retry_at.getTime() - letter.created_at.getTime() > MAX_AGE_MS) {
    return leaveToAPerson(ports, letter, "exhausted");
  }
  const { _id, claim, retries } = letter;
  const update = { $set: { next_retry_at, retries }, $unset: NO_CLAIM };
  await (ports.collection as unknown as Collection).updateOne({ _id, claim }, update);
}
