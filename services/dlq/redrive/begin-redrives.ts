import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "moleculer";
import { configurationOf } from "../../../schemas/configuration/broker-configuration";
import type { BatchedResult, RedeliveryBatch } from "../../../schemas/redelivery";
import { policiesOf } from "../policies/policy-actions";
import { type DlqService, letterPorts, planBy } from "../service-ports";
import { RedriveRunner } from "./runner";
import { storesOf } from "./stores";

/** Longer than the deliveries of a batch may take; the plugin's own limits come first. */
const BATCH_TIMEOUT_MS = 60_000;

/** Runs redrives on this gateway from now on, until the answer drains. */
export function beginRedrives(service: DlqService, logger: Logger): RedriveRunner {
  const { broker, time } = service;
  const { maxMessages, maxBytes } = configurationOf(broker).chunk;
  const ports = {
    ...letterPorts(service),
    ...storesOf(service),
    redeliver: (batch: RedeliveryBatch) =>
      broker.call<BatchedResult[], RedeliveryBatch>("bridge.redeliverMany", batch, {
        timeout: BATCH_TIMEOUT_MS,
        retries: 0,
      }),
    planner: async () => planBy(service, await policiesOf(service)),
    wait: (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => undefined),
    logger,
    limits: { maxMessages, maxBytes },
  };
  const runner = new RedriveRunner(ports, broker.nodeID, (ms, work) => time.every(ms, work));
  runner.start();
  return runner;
}
