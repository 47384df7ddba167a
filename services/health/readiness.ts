import type { ServiceBroker } from "moleculer";
import { isAvailable } from "../runtime/is-available";
import type { Readiness } from "./health-server";

const STATUS = "bridge.status";
const ANSWER_LIMIT_MS = 3_000;

/** What the bridge says of itself. While there is none, the gateway is starting. */
export async function readinessOf(broker: ServiceBroker): Promise<Readiness> {
  if (!isAvailable(broker, STATUS)) return { state: "starting", reasons: ["the bridge has not started yet"] };
  try {
    return await broker.call<Readiness, undefined>(STATUS, undefined, { timeout: ANSWER_LIMIT_MS });
  } catch (error) {
    return { state: "unknown", reasons: [error instanceof Error ? error.message : String(error)] };
  }
}
