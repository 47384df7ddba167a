import type { ServiceBroker } from "moleculer";
import type { BridgeStatus } from "../../services/bridge/status";
import { waitFor } from "./wait-for";

/** Starts a gateway, and waits until it says that it is ready. */
export async function startReady(broker: ServiceBroker): Promise<void> {
  await broker.start();
  await waitFor(async () => (await broker.call<BridgeStatus>("bridge.status")).state === "ready", {
    what: "the gateway to be ready",
  });
}
