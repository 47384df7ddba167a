import { setImmediate, setTimeout } from "node:timers/promises";
import { configurationOf } from "../../../schemas/configuration/broker-configuration";
import type { EventsService } from "../events-service";
import { ReplaySupervisor } from "./supervisor";

/** Longer than any delivery: the bridge's own limit comes first. */
const CALL_TIMEOUT_MS = 60_000;

/** The supervisor of the service's own gateway, with the world as it is. */
export function replaySupervisor(service: EventsService): ReplaySupervisor {
  const { broker, logger, collection, sessions } = service;
  const { chunk, breaker } = configurationOf(broker);
  const options = { timeout: CALL_TIMEOUT_MS, retries: 0 };
  return new ReplaySupervisor({
    node: broker.nodeID,
    events: collection,
    sessions,
    logger,
    limits: chunk,
    maxFailures: breaker.failures,
    now: Date.now,
    replay: (request) => broker.call("bridge.replay", request, options),
    send: (request) => broker.call("bridge.replayToTopic", request, options),
    // Without a wait it lets others have their turn all the same.
    wait: (ms, signal) =>
      ms > 0 ? setTimeout(ms, undefined, { signal }) : setImmediate(undefined, { signal }),
    ended: ({ _id, groups }) => service.forgetKeys(_id.toHexString(), groups),
  });
}
