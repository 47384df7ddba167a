import { storedKey } from "../idempotency/stored-key";

/** Where an event stands in its order: one Kafka key of one partition, as one group sees it. */
export interface LanePlace {
  group: string;
  /** Of a replay that handles anew: its events have an order of their own. */
  scope?: string;
  topic: string;
  partition: number;
  key: string;
}

/** The name of the lane that an event keeps its order in: what fails in it holds back what comes behind it. */
export function laneOf({ group, scope, topic, partition, key }: LanePlace): string {
  const owner = scope === undefined ? group : `${group}|${scope}`;
  return storedKey(`${owner}|${topic}|${partition}|${key}`);
}

/** The group that a lane belongs to; no group's name holds the bar. */
export function groupOfLane(lane: string): string {
  return lane.slice(0, lane.indexOf("|"));
}
