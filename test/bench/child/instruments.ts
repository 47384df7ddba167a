import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { quartersOf } from "../report/statistics";
import type { Measured } from "./job";

const RSS_EVERY_MS = 100;
/** The histogram counts a timer's own interval as delay. */
const LOOP_RESOLUTION_MS = 10;

/** What a process can tell about itself, from `begin` to `end`. */
export class Instruments {
  private cpu = process.cpuUsage();
  private gcMs = 0;
  private readonly rss: number[] = [];
  private sampling: NodeJS.Timeout | undefined;
  private readonly loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  private readonly collections = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) this.gcMs += duration;
  });

  begin(): void {
    this.collections.observe({ entryTypes: ["gc"] });
    this.loop.enable();
    this.sampling = setInterval(() => this.sampleRss(), RSS_EVERY_MS);
    this.cpu = process.cpuUsage();
  }

  end(): Omit<Measured, "handled" | "times"> {
    const { user, system } = process.cpuUsage(this.cpu);
    clearInterval(this.sampling);
    this.sampleRss();
    this.loop.disable();
    for (const { duration } of this.collections.takeRecords()) this.gcMs += duration;
    this.collections.disconnect();
    const late = (ns: number) => Math.max(0, ns / 1e6 - LOOP_RESOLUTION_MS);
    return {
      cpuMs: (user + system) / 1_000,
      rssPeakMb: Math.max(...this.rss),
      rssQuartersMb: quartersOf(this.rss),
      gcMs: this.gcMs,
      loopDelayMs: {
        p50: late(this.loop.percentile(50)),
        p99: late(this.loop.percentile(99)),
        max: late(this.loop.max),
      },
    };
  }

  private sampleRss(): void {
    this.rss.push(process.memoryUsage.rss() / 1024 / 1024);
  }
}
