import type { DeadLetterInput } from "../../schemas/dead-letter";

const MAX_REASON = 1_024;
/** An offset as Kafka's are, as far as a header of somebody else's tells one. */
const OFFSET = /^-?\d{1,20}$/;

/**
 * A letter that `dlq.put` takes. Reasons, errors and counts come from plugins, also of other nodes, and places from headers of others'
 * dead letter topics: one that has another form than declared must not keep a partition waiting for ever.
 */
export function plainLetter(letter: DeadLetterInput): DeadLetterInput {
  const { reason, error, attempts, partition, offset } = letter;
  const { type, message, ...rest } = error ?? {};
  return {
    ...letter,
    reason: typeof reason === "string" && reason !== "" ? reason.slice(0, MAX_REASON) : "handler_error",
    error: { ...rest, type: textOf(type, "Error"), message: textOf(message, "No message was told.") },
    attempts: Number.isSafeInteger(attempts) && attempts >= 0 ? attempts : 1,
    partition: Number.isSafeInteger(partition) && partition >= -1 ? partition : -1,
    offset: OFFSET.test(offset) ? offset : "-1",
  };
}

function textOf(value: unknown, otherwise: string): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : otherwise;
}
