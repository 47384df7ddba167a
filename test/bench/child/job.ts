import type { WayName } from "../ways/way";

/** What a child process is to do; it travels as its only argument, in JSON. */
export interface Job {
  way: WayName;
  brokers: string[];
  mongoUrl: string;
  topic: string;
  /** Put before the event type, it makes the topic's name. */
  topicPrefix: string;
  partitions: number;
  database: string;
  groupPrefix: string;
  /** How many handlers, each with a consumer group of its own. */
  plugins: number;
  /** How long a handled key absorbs its duplicates. */
  ttlMs?: number;
  /** Keeps for each event, by its number, when its handler was called: so many at most. */
  timesOf?: number;
  /** The file for a CPU profile of the time that is measured. */
  profile?: string;
}

/** What one process has used from its beginning to its end, as it was told. */
export interface Measured {
  /** Events that handlers were called with. */
  handled: number | null;
  /** User and system time. */
  cpuMs: number;
  /** Resident memory, in MiB: at its highest, and at the end of each quarter of the time. */
  rssPeakMb: number;
  rssQuartersMb: number[];
  /** Time in garbage collection. */
  gcMs: number;
  /** How much later than asked for a timer ran, in milliseconds: what a command line would feel. */
  loopDelayMs: { p50: number; p99: number; max: number } | null;
  /** By event number, on the shared clock; 0 for none. Only where `timesOf` was asked for. */
  times?: Float64Array;
}

export type FromChild = { kind: "begun"; at: number } | { kind: "measured"; measured: Measured };
export type ToChild = { kind: "end" };
