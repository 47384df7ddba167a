/** Keeps to a number of events per second, in small chunks, so that what is live comes in between. */
export class Pace {
  private nextAt: number;

  /** Events per second; undefined: no limit. */
  constructor(
    private readonly rate: number | undefined,
    private readonly now: () => number,
  ) {
    this.nextAt = now();
  }

  /** At most a quarter of a second's events at once. */
  chunkOf(most: number): number {
    return this.rate === undefined ? most : Math.min(most, Math.max(1, Math.floor(this.rate / 4)));
  }

  /** Milliseconds to wait after `events` were handed over. Time that was lost is not made up for. */
  delayAfter(events: number): number {
    if (this.rate === undefined) return 0;
    const now = this.now();
    this.nextAt = Math.max(this.nextAt, now - 1_000) + (events / this.rate) * 1_000;
    return Math.max(0, this.nextAt - now);
  }
}
