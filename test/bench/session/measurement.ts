/** What one way took for one backlog: a line of JSON on the standard output. */
export interface Measurement {
  way: string;
  partitions: number;
  plugins: number;
  /** Of an event, at least. */
  bytes: number;
  events: number;
  /** 0 is the warm-up, which no table counts. */
  round: number;
  seconds: number;
  eventsPerSecond: number;
  /** Events times plugins. */
  deliveriesPerSecond: number;
  /** User and system time of the way's own process. */
  cpuUsPerEvent: number;
  rssPeakMb: number;
  /** At the end of each quarter of the time. */
  rssQuartersMb: number[];
  /** Of the time, 0 to 1. */
  gcShare: number;
  loopDelayP99Ms: number | null;
  /** The servers' own time; null where this system does not tell. */
  mongoUsPerEvent: number | null;
  kafkaUsPerEvent: number | null;
}
