import type { ServiceBroker } from "moleculer";

/** Whether some node offers the action now. Asked before a call, because Moleculer warns of every one to a service that is not there. */
export function isAvailable(broker: ServiceBroker, action: string): boolean {
  const { actions } = broker.registry as unknown as { actions: { isAvailable(name: string): boolean } };
  return actions.isAvailable(action);
}
