import type { ServiceBroker, ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import { createGateway } from "../../services/runtime/gateway";
import { drained } from "./session/drained";
import { EVENT_TYPE } from "./session/events";
import { fill } from "./session/fill";
import { jobFor } from "./session/filled";
import type { Session } from "./session/session";
import { configurationOf } from "./ways/gateway";

const LIMIT_MS = 600_000;

/** The plugin that everything is handed to: it does nothing. */
export const noOp = {
  name: "no-op",
  mixins: [eventHandler({ handlers: { [EVENT_TYPE]: { batch: true, handler: () => undefined } } })],
} as ServiceSchema;

/** → the gateway, whose store has every event by now, and events per millisecond. */
export async function drainOnce(
  session: Session,
  events: number,
): Promise<{ broker: ServiceBroker; speed: number }> {
  const filled = await fill(session, { partitions: 4, bytes: 500, events });
  const job = jobFor(session, filled, session.name(), { plugins: 1 });
  const broker = createGateway(configurationOf(job), { plugins: [noOp] });
  let started = performance.now();
  broker.localBus.once("$broker.started", () => {
    started = performance.now();
  });
  await broker.start();
  const groups = ["events", "no-op"].map((group) => job.groupPrefix + group);
  await drained({ brokers: session.brokers, topic: filled.topic, groups, events, limitMs: LIMIT_MS });
  return { broker, speed: events / (performance.now() - started) };
}
