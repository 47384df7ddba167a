import type { Middleware, ServiceBroker } from "moleculer";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import { redactUrls } from "../../schemas/configuration/redaction";

/** The local event with which the bridge tells that its groups have joined. */
export const BRIDGE_READY = "bridge.ready";

/** Logs, when the bridge is ready, where everything is. */
export function readyLine(): Middleware {
  let broker: ServiceBroker;
  return {
    name: "ReadyLine",
    created(created: ServiceBroker) {
      broker = created;
    },
    broadcastLocal(next: (...args: unknown[]) => Promise<void>) {
      return (event: string, payload?: { groups?: unknown[] }, options?: object) => {
        if (event === BRIDGE_READY) broker.logger.info(describe(broker, payload?.groups?.length ?? 0));
        return next(event, payload, options);
      };
    },
    // Moleculer's types leave out that the hook returns the wrapped function.
  } as unknown as Middleware;
}

function describe(broker: ServiceBroker, plugins: number): string {
  const { kafka, mongo, http } = configurationOf(broker);
  return [
    `ready: node ${broker.nodeID}`,
    `Kafka ${kafka.brokers.join(",")}`,
    `MongoDB ${redactUrls(mongo.url)} (database ${mongo.database})`,
    http ? `health http://${http.host}:${http.port}/readyz` : "no HTTP port",
    plugins === 1 ? "1 plugin" : `${plugins} plugins`,
  ].join(", ");
}
