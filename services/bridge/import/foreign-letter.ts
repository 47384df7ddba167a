import type { KafkaMessage } from "kafkajs";
import type { Catalog } from "../../../schemas/catalog";
import type { Configuration } from "../../../schemas/configuration/configuration";
import type { DeadLetterInput } from "../../../schemas/dead-letter";
import { headersOf, keyOf } from "../message-parts";
import { readMessage } from "../read-message";
import { topicOf } from "../topics";
import { originOf } from "./foreign-headers";

export interface LetterSettings {
  catalog: Catalog;
  configuration: Pick<Configuration, "topics" | "groupPrefix">;
  /** For messages that do not tell where they came from. */
  originalTopic?: string;
}

/**
 * A message of a dead letter topic as a letter of ours; null where nothing tells to which topic it belongs. One that a plugin's
 * own group failed goes back to that group, any other to the topic that it came from.
 */
export function foreignLetter(
  { catalog, configuration, originalTopic }: LetterSettings,
  from: { topic: string; partition: number },
  message: KafkaMessage,
  now: Date,
): DeadLetterInput | null {
  const origin = originOf(message);
  const { event, refusal } = readMessage(message.value, catalog);
  const event_id = event?.event_id ?? refusal?.event_id;
  const event_type = event?.event_type ?? refusal?.event_type;
  const own = event && topicOf(configuration.topics, event.event_type);
  const original_topic = origin.topic ?? originalTopic ?? own;
  if (original_topic === undefined) return null;
  const { groupPrefix } = configuration;
  const group = origin.groupId?.startsWith(groupPrefix)
    ? origin.groupId.slice(groupPrefix.length)
    : origin.group;
  const {
    type = "Unknown",
    message: text = "The dead letter topic's headers tell no error.",
    stack,
  } = origin.error;
  return {
    identity: `imported|${from.topic}|${from.partition}|${message.offset}`,
    ...(event_id !== undefined && { event_id }),
    ...(event_type !== undefined && { event_type }),
    ...(group !== undefined && group !== "" && { group }),
    reason: "imported",
    error: {
      type,
      message: text,
      ...(stack !== undefined && { stack }),
      details: { imported_from: { topic: from.topic, partition: from.partition, offset: message.offset } },
    },
    attempts: origin.attempts ?? 1,
    first_failed_at: timeOf(message, now),
    original_topic,
    partition: origin.partition ?? from.partition,
    offset: origin.offset ?? message.offset,
    key: keyOf(message),
    headers: headersOf({ headers: origin.headers }),
    raw: message.value,
  };
}

function timeOf({ timestamp }: KafkaMessage, now: Date): Date {
  const time = new Date(Number(timestamp));
  return Number.isNaN(time.getTime()) ? now : time;
}
