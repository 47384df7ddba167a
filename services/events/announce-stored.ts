import type { ServiceBroker } from "moleculer";
import type { BatchOutcome } from "../../mixins/event-handler.mixin";
import type { EventEnvelope } from "../../schemas/delivery";
import { isHeard } from "../runtime/is-heard";

/**
 * Emits each newly stored event under its own type, for plain Moleculer listeners. Nobody acknowledges it: what a listener
 * throws is its own affair, and whoever needs every event is a plugin.
 */
export function announceStored(
  broker: ServiceBroker,
  events: readonly EventEnvelope[],
  outcomes: BatchOutcome[],
): void {
  // Asked once for a chunk.
  const heard = new Map<string, boolean>();
  events.forEach((event, index) => {
    if (outcomes[index]?.status !== "completed") return;
    const { event_type } = event;
    if (!heard.has(event_type)) heard.set(event_type, isHeard(broker, event_type));
    if (heard.get(event_type)) broker.emit(event_type, event).catch(() => undefined);
  });
}
