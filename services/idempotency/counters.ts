/** What one node counted since it started. */
export interface Counters {
  /** Keys claimed for handling. */
  claimed: number;
  /** Keys found already handled. */
  duplicates: number;
  /** Keys found in somebody else's hands. */
  busy: number;
  /** Claims taken over from owners that were gone. */
  takeovers: number;
  /** Claims ended. */
  settled: number;
  /** Claims that could not be ended because somebody had taken them over. */
  fenced: number;
}

export function newCounters(): Counters {
  return { claimed: 0, duplicates: 0, busy: 0, takeovers: 0, settled: 0, fenced: 0 };
}
