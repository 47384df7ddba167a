import type { ServiceBroker } from "moleculer";
import type { BatchOutcome } from "../../mixins/event-handler.mixin";
import type { EventEnvelope } from "../../schemas/delivery";

/**
 * Emits each newly stored event under its own type, for plain Moleculer listeners. Nobody acknowledges it: what a listener
 * throws is its own affair, and whoever needs every event is a plugin.
 */
export function announceStored(
  broker: ServiceBroker,
  events: readonly EventEnvelope[],
  outcomes: BatchOutcome[],
): void {
  for (const [index, event] of events.entries()) {
    if (outcomes[index]?.status !== "completed") continue;
    broker.emit(event.event_type, event).catch(() => undefined);
  }
}
