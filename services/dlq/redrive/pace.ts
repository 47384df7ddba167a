import type { Clock } from "./ports";

/** Keeps a job to so many letters a second; without a rate it never waits. */
export class Pace {
  private nextAt = 0;

  constructor(
    private readonly rate: number | undefined,
    private readonly clock: Clock,
  ) {}

  /** How many letters may go together: those of a second. */
  get atOnce(): number {
    return this.rate ?? Number.POSITIVE_INFINITY;
  }

  /** Waits until so many letters may go; ends early when the signal is aborted. */
  async before(count: number, signal: AbortSignal): Promise<void> {
    if (this.rate === undefined) return;
    const now = this.clock.now().getTime();
    if (now < this.nextAt) await this.clock.wait(this.nextAt - now, signal);
    this.nextAt = Math.max(now, this.nextAt) + (count / this.rate) * 1_000;
  }
}
