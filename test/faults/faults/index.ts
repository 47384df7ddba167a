import type { Fault } from "../fault";
import { CLOCK } from "./clock";
import { CRASHES } from "./crashes";
import { HANDLERS } from "./handlers";
import { MEMBERSHIP } from "./membership";
import { NATS } from "./nats";
import { REDRIVES } from "./redrive";
import { REPLAYS } from "./replay";
import { SERVERS } from "./servers";
import { TOPICS } from "./topics";

/** Every fault there is, in the order in which they are run. */
export const FAULTS: readonly Fault[] = [
  ...CRASHES,
  ...SERVERS,
  ...HANDLERS,
  ...TOPICS,
  ...CLOCK,
  ...MEMBERSHIP,
  ...NATS,
  ...REDRIVES,
  ...REPLAYS,
];
