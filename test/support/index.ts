export type { ConfigurationChanges } from "./configuration";
export { testConfiguration } from "./configuration";
export type { PartitionState, RawMessage } from "./kafka";
export { adminClient, groupState, kafkaClient, produce, withIdempotentProducer } from "./kafka";
export {
  allCommitted,
  assertAtLeastOnce,
  assertDeadLettered,
  assertOnce,
  assertStored,
  type Effect,
  effectsOf,
} from "./ledger";
export { mongoClient } from "./mongo";
export { privateServers, temporaryFolder } from "./private-servers";
export { otherProcesses } from "./processes";
export { startReady } from "./ready";
export { RUN_PREFIX, RUN_VARIABLE, run, uniqueName } from "./run";
export { testServers } from "./servers";
export type { Space } from "./space";
export { createSpace } from "./space";
export { exampleOf, makeTraffic, seeded, sendTraffic, type Traffic } from "./traffic";
export type { Wait } from "./wait-for";
export { waitFor } from "./wait-for";
