import type { Measurement } from "../session/measurement";
import type { Contender } from "../ways/contenders";
import { median, spreadOf } from "./statistics";

export const HEAD = [
  "way",
  "events/s, median (all rounds)",
  "deliveries/s",
  "ratio",
  "CPU µs/event",
  "MongoDB µs/event",
  "Kafka µs/event",
  "RSS MiB",
  "GC",
  "loop delay p99",
];

export const whole = (value: number) => Math.round(value).toLocaleString("en");

/** A row for each way that was measured, with the medians of all rounds but the warm-up. */
export function rowsOf(measurements: readonly Measurement[], ways: readonly Contender[]): string[][] {
  const counted = measurements.filter(({ round }) => round > 0);
  return ways.flatMap((way) => {
    const own = counted.filter((one) => one.way === way.name);
    return own.length > 0 ? [rowOf(way, own, counted)] : [];
  });
}

function rowOf(way: Contender, own: readonly Measurement[], all: readonly Measurement[]): string[] {
  const middle = (of: (one: Measurement) => number | null) => {
    const values = own.flatMap((one) => of(one) ?? []);
    return values.length > 0 ? median(values) : null;
  };
  const shown = (of: (one: Measurement) => number | null, form: (value: number) => string) => {
    const value = middle(of);
    return value === null || Number.isNaN(value) ? "-" : form(value);
  };
  return [
    `(${way.letter}) ${way.title}`,
    speed(own.map(({ eventsPerSecond }) => eventsPerSecond)),
    shown(({ deliveriesPerSecond }) => deliveriesPerSecond, whole),
    ratio(way, own, all),
    shown(({ cpuUsPerEvent }) => cpuUsPerEvent, whole),
    shown(({ mongoUsPerEvent }) => mongoUsPerEvent, whole),
    shown(({ kafkaUsPerEvent }) => kafkaUsPerEvent, whole),
    shown(({ rssPeakMb }) => rssPeakMb, whole),
    shown(
      ({ gcShare }) => gcShare * 100,
      (value) => `${value.toFixed(1)} %`,
    ),
    shown(
      ({ loopDelayP99Ms }) => loopDelayP99Ms,
      (value) => `${value.toFixed(0)} ms`,
    ),
  ];
}

function speed(perSecond: readonly number[]): string {
  const { min, median: middle, max } = spreadOf(perSecond);
  return perSecond.length > 1 ? `${whole(middle)} (${whole(min)}–${whole(max)})` : whole(middle);
}

/** The median of the rounds' ratios: both were measured one after the other, so that a noisy machine was noisy to both. */
function ratio(way: Contender, own: readonly Measurement[], all: readonly Measurement[]): string {
  const ratios = own.flatMap((one) => {
    const other = all.find(({ way: name, round }) => name === way.against && round === one.round);
    return other ? one.eventsPerSecond / other.eventsPerSecond : [];
  });
  if (ratios.length === 0) return "-";
  const { min, median: middle, max } = spreadOf(ratios);
  if (way.name === way.against) return "1";
  return ratios.length > 1 ? `${middle.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})` : middle.toFixed(2);
}
