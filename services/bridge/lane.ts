import type { Logger } from "moleculer";
import type { Ownership } from "./ownership";
import type { ChunkReport } from "./path";

const BACKOFF_MS = { first: 250, max: 5_000 };
const BUSY_MS = 250;
/** Answers of the broker that say no more than: the plugin is not there at the moment. */
const AWAY = new Set(["SERVICE_NOT_FOUND", "SERVICE_NOT_AVAILABLE", "WEIR_NO_HANDLER"]);

/** One partition of one group: who owns it, since when a chunk is in hand, and why it waits if it does. */
export class Lane {
  owned: Ownership | null = null;
  /** Milliseconds since the epoch; null while nothing is in hand. */
  inFlightSince: number | null = null;
  /** The last offset of the chunk in hand, or of the one that was last. */
  inHandTo = -1;
  /** Why the partition waits for something that should be there; null while all is well. */
  trouble: string | null = null;
  private backoff = BACKOFF_MS.first;

  constructor(
    private readonly group: string,
    readonly topic: string,
    readonly partition: number,
  ) {}

  get name(): string {
    return `${this.topic}[${this.partition}]`;
  }

  /** All went well → no wait. */
  goOn(logger: Logger): 0 {
    if (this.trouble) logger.info(`Group ${this.group} goes on at ${this.name}`);
    this.trouble = null;
    this.backoff = BACKOFF_MS.first;
    return 0;
  }

  /** Some of the chunk waits → milliseconds until it is asked for again; 0: at once, it has moved on. */
  hold({ held, passed }: ChunkReport, logger: Logger): number {
    if (held?.reason) {
      this.rememberHanded(this.inHandTo);
      return this.wait(held.reason, logger);
    }
    // Its key may have expired by the time that it comes again.
    if (held?.handledTo !== undefined) this.rememberHanded(held.handledTo);
    this.goOn(logger);
    // Used up its time but moved on: no reason to wait. Busy: whoever has it needs a moment.
    return held?.fate === "busy" || passed.length === 0 ? BUSY_MS : 0;
  }

  /** The chunk could not be delivered, settled or dead-lettered → milliseconds until it is tried again. */
  giveUp(error: unknown, logger: Logger): number {
    if (this.owned) this.owned.attempt += 1;
    this.rememberHanded(this.inHandTo);
    const { type, message } = error as { type?: string; message?: string };
    // A later owner's claim stands in the way: if the partition is still ours, a fresh epoch settles who it is.
    if (type === "WEIR_FENCED") this.owned = null;
    if (AWAY.has(type ?? "")) return this.nextBackoff();
    return this.wait(message ?? String(error), logger);
  }

  /** A handler may have been at any of them: whichever chunk they come in next, they come again. */
  private rememberHanded(to: number): void {
    if (this.owned) this.owned.redeliveredTo = Math.max(this.owned.redeliveredTo, to);
  }

  private wait(reason: string, logger: Logger): number {
    if (this.trouble !== reason)
      logger.warn(`Group ${this.group} waits at ${this.name}, nothing is committed: ${reason}`);
    this.trouble = reason;
    return this.nextBackoff();
  }

  private nextBackoff(): number {
    const wait = this.backoff;
    this.backoff = Math.min(this.backoff * 2, BACKOFF_MS.max);
    return wait;
  }
}
