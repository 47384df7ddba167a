import { type Collection, ObjectId } from "mongodb";
import { insertNew } from "../../mixins/mongo-schema/insert-new";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import { fit } from "./fit";
import { fingerprintOf } from "./grouping/fingerprint";
import { expiryOf, type Letter } from "./letter";
import type { Plan } from "./policies/plan-retry";
import type { LetterPorts } from "./ports";

export interface PutResult {
  inserted: Letter[];
  /** How many were there already: put before and still open. */
  present: number;
}

/**
 * Stores letters, each identity once while it is open, however many puts run at once. When it resolves, a majority of the replica
 * set has all of them; when it rejects, some may be missing, and the same put may be tried again.
 */
export async function putLetters(
  collection: Collection<Letter>,
  inputs: DeadLetterInput[],
  {
    ttlDays,
    now,
    news,
    plan,
  }: Pick<LetterPorts, "ttlDays" | "now" | "news"> & { plan(letter: Letter): Plan },
): Promise<PutResult> {
  const at = now();
  const told = news("received", at);
  const letters = inputs.map((input) => {
    const letter = { ...letterOf(input, at), ...expiryOf(ttlDays, at) };
    return { ...letter, ...plan(letter), ...(told.length > 0 && { news: told }) };
  });
  const present = new Set(await insertNew(collection, letters));
  return { inserted: letters.filter((_, index) => !present.has(index)), present: present.size };
}

function letterOf(input: DeadLetterInput, now: Date): Letter {
  const { identity, event_id, event_type, group, reason, attempts, original_topic, partition, offset } =
    input;
  const { raw, ...fitted } = fit(input);
  return {
    _id: new ObjectId(),
    identity,
    status: "pending",
    open: true,
    ...(event_id !== undefined && { event_id }),
    ...(event_type !== undefined && { event_type }),
    ...(group !== undefined && { group }),
    reason,
    fingerprint: fingerprintOf({ reason, error: fitted.error, group, event_type }),
    attempts,
    // Over a transporter a Date arrives as text.
    first_failed_at: new Date(input.first_failed_at),
    failed_at: now,
    original_topic,
    partition,
    offset,
    ...fitted,
    // The driver stores a Buffer as Binary and gives a Binary back.
    raw: raw as unknown as Letter["raw"],
    ...(input.lane !== undefined && { lane: input.lane, lane_offset: Number(offset) }),
    ...(input.behind !== undefined && { behind: input.behind }),
    created_at: now,
    history: [{ at: now, action: "received", reason }],
  };
}
