/** What one node counted of the chunks' keys since it started. */
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

/** What one node counted of single calls since it started. */
export interface CallCounters {
  /** Calls that were to be executed. */
  claimed: number;
  /** Calls that were not executed again, because they had been. */
  answered: number;
  /** Calls that found another one at work. */
  in_flight: number;
  /** Calls that found their key used for something else. */
  conflicts: number;
  /** Calls that were executed in the place of one that had not ended within its lease. */
  takeovers: number;
  /** Calls that ended, their result kept. */
  settled: number;
  /** Calls that failed, and gave their key back. */
  released: number;
  /** Calls that ended after another had taken their place. */
  fenced: number;
  /** Results that could not be kept. */
  omitted: number;
}

export function newCallCounters(): CallCounters {
  return {
    claimed: 0,
    answered: 0,
    in_flight: 0,
    conflicts: 0,
    takeovers: 0,
    settled: 0,
    released: 0,
    fenced: 0,
    omitted: 0,
  };
}
