import type { ServiceBroker } from "moleculer";

/** Whether anybody listens to an event. Asked before an emit: one that nobody hears costs as much as one that somebody does. */
export function isHeard(broker: ServiceBroker, event: string): boolean {
  return broker.getEventGroups(event).length > 0;
}
