import type { Configuration } from "../../schemas/configuration/configuration";

type TopicSettings = Pick<Configuration["topics"], "prefix" | "shared">;

/** The topic that carries an event type: its own, unless a shared topic names it. */
export function topicOf(settings: TopicSettings, eventType: string): string {
  for (const [topic, types] of Object.entries(settings.shared)) {
    if (types.includes(eventType)) return settings.prefix + topic;
  }
  return settings.prefix + eventType;
}

/** The topics of these event types, sorted: every gateway of a group must come to the same list. */
export function topicsOf(settings: TopicSettings, eventTypes: readonly string[]): string[] {
  return [...new Set(eventTypes.map((eventType) => topicOf(settings, eventType)))].sort();
}
