import type { EventEnvelope } from "./delivery";

/** A stored event as `bridge.replay` is handed it: the event, and where in Kafka it came from. */
export interface ReplayItem {
  event: EventEnvelope;
  topic: string;
  partition: number;
  offset: string;
  key: string | null;
}

/** The request of `bridge.replay`: stored events for one group, in the session's order. */
export interface ReplayRequest {
  /** The session's id. */
  replay: string;
  /** Raised by every gateway that takes the session over; the attempt by every delivery that was given up. */
  epoch: number;
  attempt: number;
  group: string;
  /** True: handled though it was handled before. False: what the group has handled within its time to live is a duplicate. */
  again: boolean;
  max_failures?: number;
  items: ReplayItem[];
}

/** `waiting`: neither done nor failed, hand it over again. The others are durable; of what failed the dead letter is stored. */
export type ReplayFate = "completed" | "duplicate" | "failed" | "passed_over" | "waiting";

/** The answer of `bridge.replay`: a fate per item, and why some wait where that is known. */
export interface ReplayAnswer {
  fates: ReplayFate[];
  reason?: string;
}

/** The request of `bridge.replayToTopic`. */
export interface ReplayToTopic {
  replay: string;
  topic: string;
  items: ReplayItem[];
}

/** Handled keys of a replay outlive any pause between the death of a gateway and the next one that goes on. */
export const REPLAY_KEYS_KEPT_MS = 7 * 24 * 3_600_000;

/** Of a letter: the session whose keys its redelivery goes by. */
export const REPLAY_SCOPE_HEADER = "weir-replay-scope";
/** Of a message that a replay has sent to a topic: the session. */
export const REPLAY_HEADER = "weir-replay";

/** What a session's claims are known by, in the place of a topic and of a scope. */
export function replayName(id: string): string {
  return `replay:${id}`;
}
