import type { KafkaMessage } from "kafkajs";
import type { DeadLetterInput } from "../../schemas/dead-letter";
import type { EventEnvelope, Outcome } from "../../schemas/delivery";
import { headersOf, keyOf } from "./message-parts";
import type { Refusal } from "./read-message";

interface Origin {
  topic: string;
  partition: number;
  progressId: string;
}

/** The letter of a message that no group can be handed: known by the place it came from. */
export function refusalLetter(
  origin: Origin,
  message: KafkaMessage,
  refusal: Refusal,
  now: Date,
): DeadLetterInput {
  const { topic, partition, progressId } = origin;
  return {
    identity: `refused|${topic}|${progressId}|${partition}|${message.offset}`,
    event_id: refusal.event_id,
    event_type: refusal.event_type,
    reason: refusal.reason,
    error: refusal.error,
    attempts: 1,
    first_failed_at: now,
    ...placeAndBytes(origin, message),
  };
}

/** The letter of an event that one group gave up on: known by the group and the event's idempotency key. */
export function failureLetter(
  origin: Origin,
  message: KafkaMessage,
  event: EventEnvelope,
  group: string,
  failed: Extract<Outcome, { status: "failed" }>,
  now: Date,
): DeadLetterInput {
  return {
    identity: `failed|${failed.key}`,
    event_id: event.event_id,
    event_type: event.event_type,
    group,
    reason: failed.reason,
    error: failed.error,
    attempts: failed.attempts,
    first_failed_at: now,
    ...placeAndBytes(origin, message),
  };
}

function placeAndBytes({ topic, partition }: Origin, message: KafkaMessage) {
  return {
    original_topic: topic,
    partition,
    offset: message.offset,
    key: keyOf(message),
    headers: headersOf(message),
    raw: message.value,
  };
}
