import { median } from "../report/statistics";
import type { Contender } from "../ways/contenders";
import type { Latency, LatencyMeasurement } from "./summary";

export const LATENCY_HEAD = [
  "events/s",
  "way",
  "p50",
  "p99",
  "p99.9",
  "longest",
  "p99 against the bare loop",
  "since due: p50",
  "p99",
  "p99.9",
];

/** Milliseconds, each the median of the rounds. */
export function latencyRows(
  measurements: readonly LatencyMeasurement[],
  ways: readonly Contender[],
): string[][] {
  const rates = [...new Set(measurements.map(({ rate }) => rate))];
  return rates.flatMap((rate) =>
    ways.map(({ name, title, against }) => {
      const of = (way: string) => measurements.filter((one) => one.way === way && one.rate === rate);
      const own = of(name);
      const at = (pick: (one: LatencyMeasurement) => number) => median(own.map(pick)).toFixed(1);
      const acked = (of: keyof Latency) => at(({ sinceAcknowledged }) => sinceAcknowledged[of]);
      const due = (of: keyof Latency) => at(({ sinceDue }) => sinceDue[of]);
      const p99 = ({ sinceAcknowledged }: LatencyMeasurement) => sinceAcknowledged.p99;
      const others = of(against);
      const ratio = others.length > 0 ? median(own.map(p99)) / median(others.map(p99)) : Number.NaN;
      return [
        rate.toLocaleString("en"),
        title,
        ...[acked("p50"), acked("p99"), acked("p999"), acked("max")],
        name === against || Number.isNaN(ratio) ? "-" : ratio.toFixed(2),
        ...[due("p50"), due("p99"), due("p999")],
      ];
    }),
  );
}
