import { Errors, type ServiceBroker } from "moleculer";
import type { Readiness } from "./health-server";

const ANSWER_LIMIT_MS = 3_000;

/** What the bridge says of itself. While there is none, the gateway is starting. */
export async function readinessOf(broker: ServiceBroker): Promise<Readiness> {
  try {
    return await broker.call<Readiness, undefined>("bridge.status", undefined, { timeout: ANSWER_LIMIT_MS });
  } catch (error) {
    if (error instanceof Errors.ServiceNotFoundError || error instanceof Errors.ServiceNotAvailableError) {
      return { state: "starting", reasons: ["the bridge has not started yet"] };
    }
    return { state: "unknown", reasons: [error instanceof Error ? error.message : String(error)] };
  }
}
