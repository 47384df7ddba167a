import { fillBacklog } from "./backlog";
import { EVENT_TYPE, eventMaker } from "./events";
import type { Filled } from "./filled";
import type { Session } from "./session";

export interface FillOptions {
  partitions: number;
  bytes: number;
  events: number;
  /** Begins the events' ids; another one makes other events. */
  idPrefix?: string;
  /** Which event a message holds, by number, where it is not simply the next. */
  numberAt?: (message: number) => number;
  distinct?: number;
}

/** A topic of its own, filled. */
export async function fill(session: Session, options: FillOptions): Promise<Filled> {
  const { partitions, bytes, events, idPrefix, numberAt = (message) => message, distinct = events } = options;
  const topicPrefix = `${session.name()}.`;
  const topic = `${topicPrefix}${EVENT_TYPE}`;
  const make = eventMaker(bytes, idPrefix);
  await fillBacklog({ brokers: session.brokers, topic, partitions, events }, (message) =>
    make(numberAt(message)),
  );
  return { topicPrefix, topic, partitions, bytes, events, distinct };
}
