import type { ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import type { Configuration } from "../../schemas/configuration/configuration";
import { createGateway } from "../../services/runtime/gateway";
import { type Backlog, drained, EVENT_TYPE } from "./backlog";

export const noOp = {
  name: "no-op",
  mixins: [eventHandler({ handlers: { [EVENT_TYPE]: { batch: true, handler: () => undefined } } })],
} as ServiceSchema;

/** The whole way of the gateway: the store, and one plugin that does nothing, with all guarantees. → milliseconds. */
export async function runGateway(backlog: Backlog, configuration: Configuration): Promise<number> {
  const broker = createGateway(configuration, { plugins: [noOp] });
  try {
    let started = 0;
    // Emitted when every service has started, before any group connects.
    broker.localBus.once("$broker.started", () => {
      started = performance.now();
    });
    await broker.start();
    const { groupPrefix } = configuration;
    await drained(backlog, [`${groupPrefix}events`, `${groupPrefix}no-op`], 120_000);
    return performance.now() - started;
  } finally {
    await broker.stop();
  }
}
