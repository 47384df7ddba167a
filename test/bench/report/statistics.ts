/** The smallest value that at least `percent` of all are not above; NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  // 99.9 % of 1,000 is a little more than 999 in binary fractions.
  const rank = Math.ceil((percent / 100) * sorted.length - 1e-9);
  return sorted[Math.max(0, rank - 1)] ?? Number.NaN;
}

/** The middle value; of an even number of values, the mean of the two. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The smallest, the middle and the largest. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}

/** The last sample of each quarter of a series. */
export function quartersOf(samples: readonly number[]): number[] {
  return [1, 2, 3, 4].map((quarter) => {
    return samples[Math.max(0, Math.ceil((samples.length * quarter) / 4) - 1)] ?? Number.NaN;
  });
}
