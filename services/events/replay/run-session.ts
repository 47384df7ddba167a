import type { Collection } from "mongodb";
import type { ReplayToTopic } from "../../../schemas/replay";
import type { StoredEvent } from "../stored-event";
import { type HandOverPorts, ReplayGroup, TooManyFailures } from "./hand-over";
import { Pace } from "./pace";
import { type ChunkLimits, readEvents } from "./read-events";
import { NO_COUNTS, type ReplayCounts, type ReplaySession } from "./session";
import { REPLAY_LEASE_MS, type ReplaySessions } from "./sessions";

export interface RunPorts extends Omit<HandOverPorts, "tell"> {
  node: string;
  events: Collection<StoredEvent>;
  sessions: ReplaySessions;
  /** `bridge.replayToTopic`. */
  send(request: ReplayToTopic): Promise<void>;
  limits: ChunkLimits;
  maxFailures: number;
  now(): number;
}

export type RunEnd = "completed" | "stopped" | { pausedBy: string };

/**
 * Works on a session that was taken until it is done, paused, cancelled, taken over or `stop` is aborted. The cursor moves
 * over a chunk when every group is done with it: what a dead gateway had in hand is handed over again, under the same keys.
 */
export async function runSession(
  ports: RunPorts,
  session: ReplaySession,
  stop: AbortSignal,
): Promise<RunEnd> {
  const { sessions, node } = ports;
  const mine = new AbortController();
  const signal = AbortSignal.any([stop, mine.signal]);
  /** Ends the run when somebody has paused, cancelled or taken over the session. */
  const heed = (now: ReplaySession | null) => {
    if (now?.status !== "running") mine.abort();
  };
  const heartbeat = setInterval(() => {
    sessions.renew(session, node).then(heed, () => undefined);
  }, REPLAY_LEASE_MS / 3);

  const pace = new Pace(session.rate, ports.now);
  const limits = { ...ports.limits, maxMessages: pace.chunkOf(ports.limits.maxMessages) };
  const chunks = readEvents(ports.events, session, limits);
  const hand = handing(ports, session, heed);
  try {
    let next = chunks.next();
    for (;;) {
      const { value: chunk } = await next;
      if (!chunk) return (await sessions.complete(session)) ? "completed" : "stopped";
      // The next one is read while this one is handled.
      next = chunks.next();
      next.catch(() => undefined);
      const counts = await hand(chunk.items, signal);
      heed(await sessions.save(session, node, chunk.position, { ...counts, read: chunk.items.length }));
      signal.throwIfAborted();
      await ports.wait(pace.delayAfter(chunk.items.length), signal);
    }
  } catch (error) {
    if (error instanceof TooManyFailures) return { pausedBy: error.message };
    if (signal.aborted) return "stopped";
    throw error;
  } finally {
    clearInterval(heartbeat);
    await chunks.return();
  }
}

type Hand = (items: Parameters<ReplayGroup["handOver"]>[0], signal: AbortSignal) => Promise<ReplayCounts>;

function handing(ports: RunPorts, session: ReplaySession, heed: (now: ReplaySession | null) => void): Hand {
  const replay = session._id.toHexString();
  const { epoch, again, topic, groups = [] } = session;
  if (topic !== undefined) {
    return async (items) => {
      await ports.send({ replay, topic, items: [...items] });
      return { ...NO_COUNTS, sent: items.length };
    };
  }
  const tell = async (waiting: string) => heed(await ports.sessions.renew(session, ports.node, waiting));
  const handed = groups.map(
    (group) => new ReplayGroup({ ...ports, tell }, { replay, epoch, again }, group, ports.maxFailures),
  );
  return async (items, signal) => {
    const each = await Promise.allSettled(handed.map((group) => group.handOver(items, signal)));
    const failed = each.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    return each.reduce(
      (sum, result) => add(sum, result.status === "fulfilled" ? result.value : NO_COUNTS),
      NO_COUNTS,
    );
  };
}

function add(a: ReplayCounts, b: ReplayCounts): ReplayCounts {
  const names = Object.keys(a) as (keyof ReplayCounts)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as ReplayCounts;
}
