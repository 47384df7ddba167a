import type { Job, Measured } from "../child/job";
import type { Running } from "../child/run-child";
import type { Contender } from "../ways/contenders";
import { sharedNow } from "./clock";
import { drained } from "./drained";
import { type Filled, jobFor } from "./filled";
import type { Measurement } from "./measurement";
import { processCpuMs } from "./process-cpu";
import type { Session } from "./session";

export interface MeasureOptions {
  plugins: number;
  round?: number;
  /** Processes that share the work. */
  processes?: number;
  /** A database that is there already, and stays; else one that is made and removed. */
  database?: string;
  job?: Partial<Job>;
  /** What the last group has committed, and the milliseconds since the beginning. */
  onProgress?: (committed: number, ms: number) => void;
}

export interface Result {
  measurement: Measurement;
  /** Of the first process. */
  measured: Measured;
}

/** A minute to begin with, and what the slowest way needs. */
const limitMs = (events: number) => 60_000 + events * 10;

/** Lets a way drain a topic, checks that all of it was drained, and removes what it wrote. */
export async function measure(
  session: Session,
  way: Contender,
  filled: Filled,
  options: MeasureOptions,
): Promise<Result> {
  const { plugins, processes = 1, onProgress } = options;
  const name = session.name();
  const job = jobFor(session, filled, name, { plugins, ...options.job });
  if (options.database !== undefined) job.database = options.database;
  const running: Running[] = [];
  try {
    running.push(...(await Promise.all(Array.from({ length: processes }, () => way.start(job)))));
    // Not before the start: making indexes is no part of what is measured.
    const serversBefore = serverCpu(session);
    const begunAt = Math.min(...running.map((one) => one.begunAt));
    await drained({
      brokers: session.brokers,
      topic: filled.topic,
      groups: way.groups(job),
      events: filled.events,
      limitMs: limitMs(filled.events),
      onProgress: onProgress && ((committed) => onProgress(committed, sharedNow() - begunAt)),
      broken: Promise.race(running.map((one) => one.broken)),
    });
    const seconds = (sharedNow() - begunAt) / 1_000;
    const serversAfter = serverCpu(session);
    const all = await Promise.all(running.map((one) => one.end()));
    await assertComplete(session, way, filled, job, all);
    const servers = serversAfter.map((ms, index) =>
      perEvent(ms, serversBefore[index] ?? null, filled.events),
    );
    const measurement = measurementOf(way, filled, options, seconds, all, servers);
    console.log(JSON.stringify(measurement));
    return { measurement, measured: all[0] as Measured };
  } finally {
    await Promise.all(running.map((one) => one.kill()));
    if (options.database === undefined) await session.forget(name);
  }
}

function serverCpu({ servers }: Session): (number | null)[] {
  return [processCpuMs(servers.mongo.pid), processCpuMs(servers.kafka.pid)];
}

function perEvent(afterMs: number | null, beforeMs: number | null, events: number): number | null {
  return afterMs === null || beforeMs === null ? null : ((afterMs - beforeMs) * 1_000) / events;
}

/** A figure for work that was not done would be worth nothing. */
async function assertComplete(
  { mongo }: Session,
  { name, stores, hasPlugins, absorbs, mayRepeat }: Contender,
  { distinct, events }: Filled,
  { database, plugins, ttlMs }: Job,
  all: Measured[],
): Promise<void> {
  const handled = all.reduce((sum, one) => sum + (one.handled ?? 0), 0);
  const expected = (absorbs ? distinct : events) * plugins;
  // Keys that expire on the way, and a partition that changes hands, may bring an event again.
  const orMore = mayRepeat || ttlMs !== undefined || all.length > 1;
  if (hasPlugins && handled !== expected && !(orMore && handled > expected))
    throw new Error(`${name}: handlers were called with ${handled} events instead of ${expected}`);
  if (!stores) return;
  const stored = await mongo
    .db(database)
    .collection("events")
    .countDocuments({ event_id: /^bench/ });
  if (stored < distinct) throw new Error(`${name}: ${stored} events are stored instead of ${distinct}`);
}

function measurementOf(
  { name, hasPlugins }: Contender,
  { partitions, bytes, events }: Filled,
  { plugins, round = 1 }: MeasureOptions,
  seconds: number,
  all: Measured[],
  [mongoUsPerEvent = null, kafkaUsPerEvent = null]: (number | null)[],
): Measurement {
  const sum = (of: (one: Measured) => number) => all.reduce((total, one) => total + of(one), 0);
  const max = (of: (one: Measured) => number) => Math.max(...all.map(of));
  const delays = all.flatMap(({ loopDelayMs }) => loopDelayMs?.p99 ?? []);
  return {
    way: name,
    partitions,
    plugins,
    bytes,
    events,
    round,
    seconds,
    eventsPerSecond: events / seconds,
    deliveriesPerSecond: hasPlugins ? (events * plugins) / seconds : events / seconds,
    cpuUsPerEvent: (sum(({ cpuMs }) => cpuMs) * 1_000) / events,
    rssPeakMb: max(({ rssPeakMb }) => rssPeakMb),
    rssQuartersMb: all[0]?.rssQuartersMb ?? [],
    gcShare: sum(({ gcMs }) => gcMs) / (seconds * 1_000 * all.length),
    loopDelayP99Ms: delays.length > 0 ? Math.max(...delays) : null,
    mongoUsPerEvent,
    kafkaUsPerEvent,
  };
}
