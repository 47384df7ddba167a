import type { Outcome } from "../../schemas/delivery";

/** The time one chunk may take, and why it stops early. */
export class Budget {
  private readonly started: number;
  /** Set when what a handler needs is away: nothing more is begun. */
  unavailable: string | null = null;
  private failuresInARow = 0;

  constructor(
    private readonly totalMs: number,
    private readonly maxFailures = Number.POSITIVE_INFINITY,
    private readonly now: () => number = Date.now,
  ) {
    this.started = now();
  }

  get remainingMs(): number {
    return this.started + this.totalMs - this.now();
  }

  /** True while a run of `ms` can begin. The first of a chunk always can: a chunk moves on by one event at least. */
  allows(ms: number): boolean {
    if (this.failuresInARow >= this.maxFailures) return false;
    return this.unavailable === null && this.remainingMs >= Math.min(ms, this.totalMs * (1 - OVERHEAD));
  }

  /** Failures in a row end a chunk early: whoever sent it decides whether to go on. */
  note(outcome: Outcome): void {
    if (outcome.status === "failed") this.failuresInARow += 1;
    else if (outcome.status === "completed") this.failuresInARow = 0;
  }
}

/** The share of a budget that claiming may have used before the first handler begins. */
const OVERHEAD = 0.2;
