import type { DeliverResponse, Outcome } from "../../schemas/delivery";

export interface BreakerSettings {
  /** Failures of one kind in a row that open it; 0: never. */
  failures: number;
  /** Milliseconds before the first probe; doubled after each failed one, up to ten times. */
  probeMs: number;
}

export interface BreakerStatus {
  state: "closed" | "open" | "probing";
  /** What fails: reason and error type; null while nothing does. */
  kind: string | null;
  failures_in_a_row: number;
  /** RFC 3339; null while closed. */
  probe_at: string | null;
}

export type BreakerChange = "opened" | "closed";

/** Failures that say something of what a handler depends on; a message refused by content says nothing of it. */
const COUNTED = new Set(["handler_error", "timeout"]);
const MAX_BACKOFF = 10;

/**
 * One group's circuit breaker: when event after event fails in the same way, what the handler depends on is down, and the
 * next thousand would only become a thousand letters. Open, it lets one event through at a time, with growing pauses, until
 * one succeeds.
 */
export class Breaker {
  private kind: string | null = null;
  private inARow = 0;
  /** Milliseconds since the epoch; null while closed. */
  private probeAt: number | null = null;
  private backoff = 1;
  private probing = false;

  constructor(
    private readonly settings: BreakerSettings,
    private readonly onChange: (change: BreakerChange, status: BreakerStatus) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Milliseconds that a partition has to wait before it may deliver; 0: now. A partition that may while open is the probe. */
  waitMs(): number {
    if (this.probeAt === null) return 0;
    if (this.probing) return Math.max(this.settings.probeMs / 10, 10);
    const wait = this.probeAt - this.now();
    if (wait > 0) return wait;
    this.probing = true;
    return 0;
  }

  /** How many messages the next chunk may have at most. */
  get maxMessages(): number {
    return this.probeAt === null ? Number.POSITIVE_INFINITY : 1;
  }

  /** How many failures in a row the next chunk may bring before it ends; undefined: any number. */
  get maxFailures(): number | undefined {
    if (this.settings.failures === 0) return undefined;
    return this.probeAt === null ? Math.max(1, this.settings.failures - this.inARow) : 1;
  }

  /** The chunk in hand brought no outcome: the probe is to be repeated. */
  giveUp(): void {
    this.probing = false;
  }

  record(outcomes: DeliverResponse): void {
    for (const outcome of outcomes) this.recordOne(outcome);
    this.probing = false;
  }

  get status(): BreakerStatus {
    const { kind, inARow, probeAt } = this;
    const state = probeAt === null ? "closed" : this.probing ? "probing" : "open";
    return {
      state,
      kind,
      failures_in_a_row: inARow,
      probe_at: probeAt === null ? null : new Date(probeAt).toISOString(),
    };
  }

  private recordOne(outcome: Outcome): void {
    if (outcome.status === "completed") this.close();
    if (outcome.status !== "failed" || !COUNTED.has(outcome.reason)) return;
    const kind = `${outcome.reason}: ${outcome.error.type}`;
    this.inARow = kind === this.kind ? this.inARow + 1 : 1;
    this.kind = kind;
    if (this.settings.failures > 0 && this.inARow >= this.settings.failures) this.open();
  }

  private open(): void {
    const wasClosed = this.probeAt === null;
    this.backoff = wasClosed ? 1 : Math.min(this.backoff * 2, MAX_BACKOFF);
    this.probeAt = this.now() + this.settings.probeMs * this.backoff;
    this.probing = false;
    if (wasClosed) this.onChange("opened", this.status);
  }

  private close(): void {
    const wasOpen = this.probeAt !== null;
    this.kind = null;
    this.inARow = 0;
    this.probeAt = null;
    if (wasOpen) this.onChange("closed", this.status);
  }
}
