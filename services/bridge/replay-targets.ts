import { WeirError } from "../../schemas/errors";
import { REPLAY_HEADER, type ReplayToTopic } from "../../schemas/replay";
import type { OutgoingMessage } from "../kafka/event-producer";
import type { PluginGroup } from "./groups";

/** Throws WEIR_GROUP_UNKNOWN or WEIR_TOPIC_UNKNOWN: a replay to what is not there would wait for ever. */
export async function checkTargets(
  ports: { groups(): Map<string, PluginGroup>; existing(topics: string[]): Promise<string[]> },
  { groups = [], topic }: { groups?: string[]; topic?: string },
): Promise<void> {
  const known = ports.groups();
  const unknown = groups.find((group) => !known.has(group));
  if (unknown !== undefined) {
    const names = [...known.keys()].sort();
    throw new WeirError(
      "WEIR_GROUP_UNKNOWN",
      `There is no group ${unknown}; there are ${names.join(", ")}.`,
      { group: unknown, known: names },
    );
  }
  if (topic !== undefined && (await ports.existing([topic])).length === 0) {
    throw new WeirError(
      "WEIR_TOPIC_UNKNOWN",
      `Kafka has no topic ${topic}: create it, or correct the name; a prefix is part of it.`,
      { topic },
    );
  }
}

/** Stored events as messages again: the envelope as it came, under its Kafka key. */
export function messagesOf({ replay, topic, items }: ReplayToTopic): OutgoingMessage[] {
  return items.map(({ event, key }) => ({
    topic,
    key,
    value: JSON.stringify(event),
    headers: { [REPLAY_HEADER]: replay },
  }));
}
