import type { Job } from "../child/job";
import type { Session } from "./session";

/** A topic that waits to be drained; several ways may drain it, each with groups of its own. */
export interface Filled {
  topicPrefix: string;
  topic: string;
  partitions: number;
  bytes: number;
  /** Messages in it. */
  events: number;
  /** How many of them no earlier one is equal to, so that handlers are to be called with so many. */
  distinct: number;
}

/** A job over a topic, whose groups and database begin with a name of their own. */
export function jobFor(
  { brokers, mongoUrl }: Session,
  { topic, topicPrefix, partitions }: Filled,
  name: string,
  more: Pick<Job, "plugins"> & Partial<Job>,
): Job {
  const names = { database: name, groupPrefix: `${name}-` };
  return { way: "bare", brokers, mongoUrl, topic, topicPrefix, partitions, ...names, ...more };
}

/** A job with names of its own and nothing to drain. */
export function emptyJob(session: Session): Job {
  const topicPrefix = `${session.name()}.`;
  const nothing = { topic: "", topicPrefix, partitions: 1, bytes: 0, events: 0, distinct: 0 };
  return jobFor(session, nothing, session.name(), { plugins: 1 });
}
