import type { ReplayAnswer, ReplayFate, ReplayItem, ReplayRequest } from "../../../schemas/replay";
import { NO_COUNTS, type ReplayCounts } from "./session";

const BACKOFF_MS = { first: 250, max: 5_000 };

export interface HandOverPorts {
  /** `bridge.replay`; rejects when the chunk could not be handed over. */
  replay(request: ReplayRequest): Promise<ReplayAnswer>;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Says why the session does not get on. */
  tell(waiting: string): Promise<void>;
}

/** One group of a session, while one gateway works on it. */
export class ReplayGroup {
  private attempt = 1;
  private failuresInARow = 0;

  constructor(
    private readonly ports: HandOverPorts,
    private readonly session: Pick<ReplayRequest, "replay" | "epoch" | "again">,
    readonly group: string,
    /** So many failures in a row end the session for now; 0: never. */
    private readonly maxFailures: number,
  ) {}

  /** Hands over until every event is done, whatever the group waits for → counts. Throws `TooManyFailures`; ends when aborted. */
  async handOver(items: readonly ReplayItem[], signal: AbortSignal): Promise<ReplayCounts> {
    const counts = { ...NO_COUNTS };
    let open = [...items];
    let backoff = BACKOFF_MS.first;
    while (open.length > 0) {
      signal.throwIfAborted();
      const { fates, reason } = await this.handOnce(open);
      for (const fate of fates) this.count(counts, fate);
      const waiting = open.filter((_, index) => (fates[index] ?? "waiting") === "waiting");
      if (this.maxFailures > 0 && this.failuresInARow >= this.maxFailures)
        throw new TooManyFailures(this.group, this.failuresInARow);
      const movedOn = waiting.length < open.length && reason === undefined;
      open = waiting;
      if (open.length === 0) break;
      if (movedOn) {
        backoff = BACKOFF_MS.first;
        continue;
      }
      await this.ports.tell(`group ${this.group}: ${reason ?? "its events are in somebody else's hands"}`);
      await this.ports.wait(backoff, signal);
      backoff = Math.min(backoff * 2, BACKOFF_MS.max);
    }
    return counts;
  }

  private async handOnce(items: ReplayItem[]): Promise<ReplayAnswer> {
    const { group, attempt, maxFailures } = this;
    try {
      return await this.ports.replay({
        ...this.session,
        group,
        attempt,
        ...(maxFailures > 0 && { max_failures: maxFailures }),
        items,
      });
    } catch (error) {
      // What a delivery that was given up has claimed may be taken over by the next one.
      this.attempt += 1;
      return { fates: [], reason: (error as Error).message };
    }
  }

  private count(counts: ReplayCounts, fate: ReplayFate): void {
    if (fate === "completed") counts.delivered += 1;
    else if (fate === "duplicate") counts.duplicates += 1;
    else if (fate === "failed") counts.failed += 1;
    else if (fate === "passed_over") counts.passed_over += 1;
    if (fate === "failed") this.failuresInARow += 1;
    else if (fate === "completed") this.failuresInARow = 0;
  }
}

/** What the handler depends on is down: going on would make a dead letter of everything. */
export class TooManyFailures extends Error {
  constructor(group: string, failures: number) {
    super(
      `Group ${group} failed ${failures} events in a row; they are dead letters. Mend the cause, then resume the replay.`,
    );
    this.name = "TooManyFailures";
  }
}
