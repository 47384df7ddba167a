// `npm run bench:replay`: a backlog through the whole way, then the same events replayed from the store, in one gateway.
import { parseArgs } from "node:util";
import type { ServiceBroker } from "moleculer";
import type { ReplayView } from "../../services/events/replay/session";
import { drainOnce } from "./hot-path";
import { wholeNumber } from "./session/options";
import { measuringProgram } from "./session/session";

const MAX_EVENTS = 1_000_000;
const LIMIT_MS = 600_000;
const MIB = 1024 * 1024;

const { values } = parseArgs({
  options: { events: { type: "string", default: "100000" }, rounds: { type: "string", default: "3" } },
});

measuringProgram(async (session) => {
  const events = wholeNumber("events", values.events, [100, MAX_EVENTS]);
  const rounds = wholeNumber("rounds", values.rounds, [1, 50]);
  const { broker, speed: hot } = await drainOnce(session, events);
  try {
    console.log(`hot path: ${perSecond(hot)}, ${rss()}`);
    const ratios: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const { speed, most } = await replayAll(broker, events);
      ratios.push(speed / hot);
      const ratio = (speed / hot).toFixed(2);
      console.log(`replay ${round}: ${perSecond(speed)}, ratio ${ratio}, at most ${most} MiB resident`);
    }
    const median = ratios.sort((a, b) => a - b)[ratios.length >> 1] ?? Number.NaN;
    console.log(
      `\n${events} events: ratio replay / hot path ${median.toFixed(2)} (the median), ${rss()} at the end`,
    );
  } finally {
    await broker.stop();
  }
});

/** → events per millisecond, and the most memory that the process had meanwhile. */
async function replayAll(broker: ServiceBroker, events: number): Promise<{ speed: number; most: number }> {
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, Math.round(process.memoryUsage.rss() / MIB));
  }, 100);
  try {
    const started = performance.now();
    const form = { filter: {}, groups: ["no-op"] };
    const { id } = await broker.call<ReplayView, object>("events.replay", form);
    for (;;) {
      const { status, counts } = await broker.call<ReplayView, object>("events.getReplay", { id });
      if (status === "completed") {
        if (counts.delivered !== events) throw new Error(`${counts.delivered} of ${events} were delivered`);
        return { speed: events / (performance.now() - started), most };
      }
      if (performance.now() - started > LIMIT_MS)
        throw new Error(`replay ${id} is ${status} after ${LIMIT_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    clearInterval(watch);
  }
}

function perSecond(perMs: number): string {
  return `${Math.round(perMs * 1_000).toLocaleString("en")}/s`;
}

function rss(): string {
  return `${Math.round(process.memoryUsage.rss() / MIB)} MiB resident`;
}
