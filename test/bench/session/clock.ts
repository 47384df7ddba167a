/** Milliseconds of a clock that all processes of this machine share (Linux: CLOCK_MONOTONIC), with fractions. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
