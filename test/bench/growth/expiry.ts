import { fill } from "../session/fill";
import { measure } from "../session/measure";
import type { Session } from "../session/session";
import { contender } from "../ways/contenders";
import { type Curve, type GrowthOptions, type Point, Points } from "./curve";
import { base } from "./sweep";

const WAYS = ["bare", "gateway", "gateway-tx"] as const;
/** MongoDB looks for expired documents so often, in seconds; once a minute when nothing is said. */
const LOOK_EVERY_S = { here: 1, usual: 60 };
const WINDOWS_PER_TTL = 6;

export interface Progress {
  ms: number;
  committed: number;
}

/** A backlog that takes longer than its keys live: from then on deletes run while claims are made. */
export const expiry: Curve = {
  name: "expiry",
  title: "Throughput while keys expire",
  x: "seconds since the beginning",
  y: "events/s",
  async measure(session: Session, options: GrowthOptions): Promise<Point[]> {
    const points = new Points();
    const { expiring, ttlSeconds, rounds } = options;
    const filled = await fill(session, { ...base(options), events: expiring });
    await lookEvery(session, LOOK_EVERY_S.here);
    try {
      for (let round = 1; round <= rounds; round += 1) {
        for (const name of WAYS) {
          const progress: Progress[] = [];
          await measure(session, contender(name), filled, {
            plugins: 1,
            round,
            job: { ttlMs: ttlSeconds * 1_000 },
            onProgress: (committed, ms) => progress.push({ committed, ms }),
          });
          for (const { second, perSecond } of windowsOf(progress, Math.max(1, ttlSeconds / WINDOWS_PER_TTL)))
            points.add(name, second, perSecond);
        }
      }
    } finally {
      await lookEvery(session, LOOK_EVERY_S.usual);
    }
    return points.all();
  },
};

async function lookEvery({ mongo }: Session, ttlMonitorSleepSecs: number): Promise<void> {
  await mongo.db("admin").command({ setParameter: 1, ttlMonitorSleepSecs });
}

/** Throughput by window, named by the second of its end; a last window that is not full is left out. */
export function windowsOf(
  progress: readonly Progress[],
  seconds: number,
): { second: number; perSecond: number }[] {
  const last = progress.at(-1)?.ms ?? 0;
  const windows: { second: number; perSecond: number }[] = [];
  let before = 0;
  for (let end = seconds; end * 1_000 <= last; end += seconds) {
    const committed = progress.findLast(({ ms }) => ms <= end * 1_000)?.committed ?? 0;
    windows.push({ second: end, perSecond: (committed - before) / seconds });
    before = committed;
  }
  return windows;
}
