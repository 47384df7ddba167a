import { percentile } from "../report/statistics";

/** Milliseconds. */
export interface Latency {
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** What one way took at one rate: a line of JSON on the standard output. */
export interface LatencyMeasurement {
  way: string;
  rate: number;
  round: number;
  events: number;
  /** From Kafka's acknowledgement, as the producer saw it, to the handler's call. */
  sinceAcknowledged: Latency;
  /** From when the event was due to be sent: what a stall of the sender or of Kafka adds is in it. */
  sinceDue: Latency;
}

/** Percentiles of `to[i] - from[i]` for the events `first` and up; a handler that was called before the sender heard of the acknowledgement took 0. */
export function latencyBetween(from: Float64Array, to: Float64Array, first: number): Latency {
  const values: number[] = [];
  for (let number = first; number < to.length; number += 1) {
    if (!to[number] || !from[number])
      throw new Error(`Event ${number} was not handled, or not acknowledged.`);
    values.push(Math.max(0, (to[number] as number) - (from[number] as number)));
  }
  const sorted = values.sort((a, b) => a - b);
  const at = (percent: number) => percentile(sorted, percent);
  return { p50: at(50), p99: at(99), p999: at(99.9), max: sorted.at(-1) ?? Number.NaN };
}
