// `npm run bench:latency`: how long an event takes from Kafka's acknowledgement to its handler, at fixed rates.
import { parseArgs } from "node:util";
import { measureLatency } from "./latency/measure-latency";
import type { LatencyMeasurement } from "./latency/summary";
import { LATENCY_HEAD, latencyRows } from "./latency/table";
import { circumstances, writeSection } from "./report/page";
import { markdownTable, terminalTable } from "./report/tables";
import { commandLine, names, wholeNumber, wholeNumbers } from "./session/options";
import { measuringProgram } from "./session/session";
import { contendersOf } from "./ways/contenders";

const { values } = parseArgs({
  options: {
    rates: { type: "string", default: "100,1000,5000" },
    seconds: { type: "string", default: "20" },
    rounds: { type: "string", default: "3" },
    partitions: { type: "string", default: "4" },
    only: { type: "string", default: "bare,gateway,gateway-tx" },
    markdown: { type: "boolean", default: false },
  },
});

measuringProgram(async (session) => {
  const rates = wholeNumbers("rates", values.rates, [1, 50_000]);
  const seconds = wholeNumber("seconds", values.seconds, [1, 600]);
  const rounds = wholeNumber("rounds", values.rounds, [1, 50]);
  const partitions = wholeNumber("partitions", values.partitions, [1, 64]);
  const ways = contendersOf(names(values.only)).filter(({ hasPlugins }) => hasPlugins);
  const measurements: LatencyMeasurement[] = [];
  for (const rate of rates) {
    for (let round = 1; round <= rounds; round += 1) {
      for (const way of ways) {
        const measured = await measureLatency(session, way, { rate, seconds, round, partitions });
        measurements.push(measured);
        const { p50, p99 } = measured.sinceAcknowledged;
        console.error(
          `${rate}/s, round ${round}: ${way.name} p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
        );
      }
    }
  }
  const rows = latencyRows(measurements, ways);
  console.error(`\nmilliseconds, medians of ${rounds} rounds\n${terminalTable(LATENCY_HEAD, rows)}`);
  if (!values.markdown) return;
  const text = `${circumstances(commandLine("bench:latency"))}\n\n${markdownTable(LATENCY_HEAD, rows)}`;
  writeSection("latency", text);
});
