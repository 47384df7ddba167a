import type { Logger } from "moleculer";
import { type RunPorts, runSession } from "./run-session";
import type { ReplaySession } from "./session";

/** How often a gateway looks for sessions that nobody works on. */
const POLL_MS = 2_000;
/** Sessions that one gateway works on at a time. */
const MAX_SESSIONS = 16;

export interface SupervisorPorts extends RunPorts {
  logger: Logger;
  /** Lets the keys of an ended session go. */
  ended(session: ReplaySession): Promise<void>;
}

/** The sessions that this gateway works on: any gateway takes any, and whatever one leaves behind another takes up. */
export class ReplaySupervisor {
  private readonly running = new Map<string, { stop: AbortController; done: Promise<void> }>();
  private timer: NodeJS.Timeout | null = null;
  private taking: Promise<void> | null = null;
  private stopped = false;

  constructor(private readonly ports: SupervisorPorts) {}

  start(): void {
    this.timer = setInterval(() => this.look(), POLL_MS);
    this.look();
  }

  /** Takes what is there to take. */
  look(): void {
    if (this.stopped) return;
    this.taking ??= this.takeAll()
      .catch((error) => this.ports.logger.debug("Replays cannot be looked for now", error))
      .finally(() => {
        this.taking = null;
      });
  }

  /** Ends this gateway's work on a session that was paused or cancelled, sooner than its heartbeat would notice. */
  interrupt(id: string): void {
    this.running.get(id)?.stop.abort();
  }

  /** Finishes the chunks in hand, and leaves the sessions to others. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearInterval(this.timer);
    await this.taking;
    const all = [...this.running.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ done }) => done));
  }

  private async takeAll(): Promise<void> {
    while (!this.stopped && this.running.size < MAX_SESSIONS) {
      const session = await this.ports.sessions.take(this.ports.node);
      if (!session) return;
      const id = session._id.toHexString();
      // Taken over from ourselves: a run whose heartbeats did not get through.
      this.running.get(id)?.stop.abort();
      const stop = new AbortController();
      const done = this.work(session, stop.signal).finally(() => {
        if (this.running.get(id)?.stop === stop) this.running.delete(id);
      });
      this.running.set(id, { stop, done });
    }
  }

  private async work(session: ReplaySession, stop: AbortSignal): Promise<void> {
    const { logger, sessions } = this.ports;
    const id = session._id.toHexString();
    logger.info(`Replay ${id}: ${session.counts.read} of ${session.total} events are done, going on`);
    try {
      const end = await runSession(this.ports, session, stop);
      if (end === "completed") {
        logger.info(`Replay ${id} is completed`);
        await this.ports.ended(session);
        return;
      }
      if (typeof end === "object") {
        logger.error(`Replay ${id} is paused: ${end.pausedBy}`);
        await sessions.change(id, ["running"], "paused", { action: "paused", reason: end.pausedBy });
      }
    } catch (error) {
      logger.warn(`Replay ${id} is interrupted and goes on in a moment: ${(error as Error).message}`);
    }
    await sessions.release(session).catch(() => undefined);
  }
}
