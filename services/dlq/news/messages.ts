import type { LetterMessage } from "../../../schemas/letter-message";
import type { Letter, News } from "../letter";
import { rawOf } from "../view";

// Kafka refuses a message by its whole size; a header's name and place say more than a long text.
const MAX_HEADER = 1_000;

/** A transition, for WEIR_DLQ_EVENTS_TOPIC: under the letter's id, so that what happens to one letter stays in order. */
export function eventMessage(topic: string, letter: Letter, { what, at }: News): LetterMessage {
  const { _id, reason, event_id, event_type, group, original_topic, partition, offset, attempts } = letter;
  const id = _id.toHexString();
  const event = {
    type: `dlq.message.${what}`,
    at: at.toISOString(),
    id,
    ...{ reason, event_id, event_type, group, original_topic, partition, offset, attempts },
    error: { type: letter.error.type, message: letter.error.message },
  };
  return { topic, key: id, value_base64: Buffer.from(JSON.stringify(event)).toString("base64"), headers: {} };
}

/**
 * A copy of a dead letter, for WEIR_DLQ_MIRROR_TOPIC: key, value and headers as they came, and where and why it failed in
 * headers named like those of Kafka's own dead letter queues for share groups (KIP-1191).
 */
export function mirrorMessage(topic: string, letter: Letter): LetterMessage {
  const { key, reason, group, error } = letter;
  return {
    topic,
    key,
    value_base64: rawOf(letter)?.toString("base64") ?? null,
    headers: {
      ...Object.fromEntries(letter.headers),
      "__dlq.errors.topic": letter.original_topic,
      "__dlq.errors.partition": String(letter.partition),
      "__dlq.errors.offset": letter.offset,
      ...(group !== undefined && { "__dlq.errors.group": group }),
      "__dlq.errors.delivery.count": String(letter.attempts),
      "__dlq.errors.message": error.message.slice(0, MAX_HEADER),
      "weir-error-type": error.type,
      "weir-reason": reason,
      "weir-letter": letter._id.toHexString(),
    },
  };
}
