import type { Time } from "../time";
import { JobLease } from "./lease";
import type { RedrivePorts } from "./ports";
import { runJob } from "./run-job";

/** Jobs that one gateway is at side by side: a slow one must not hold up the others. */
const MOST_AT_ONCE = 4;
const LOOK_EVERY_MS = 1_000;

/** Runs, on this gateway, the redrives that no other gateway is at. */
export class RedriveRunner {
  private readonly running = new Map<JobLease, Promise<void>>();
  private forgetTimer: (() => void) | null = null;
  private looking: Promise<void> | null = null;
  private stopped = false;

  constructor(
    private readonly ports: RedrivePorts,
    private readonly owner: string,
    private readonly every: Time["every"],
  ) {}

  start(): void {
    this.forgetTimer = this.every(LOOK_EVERY_MS, () => this.look());
    void this.look();
  }

  /** Takes up what waits, now rather than at the next look. Never rejects. */
  look(): Promise<void> {
    this.looking ??= this.takeUp()
      .catch((error: Error) => this.ports.logger.warn(`Redrives cannot be looked for: ${error.message}`))
      .finally(() => {
        this.looking = null;
      });
    return this.looking;
  }

  /** Stops a job that is to run no more, should this gateway be at it. */
  stopJob(id: string): void {
    for (const lease of this.running.keys()) if (lease.job.toHexString() === id) lease.stop();
  }

  /** Ends the slices in hand and lets other gateways have the jobs. */
  async drain(): Promise<void> {
    this.stopped = true;
    this.forgetTimer?.();
    await this.looking;
    for (const lease of this.running.keys()) lease.stop();
    await Promise.all(this.running.values());
  }

  private async takeUp(): Promise<void> {
    while (!this.stopped && this.running.size < MOST_AT_ONCE) {
      const lease = await JobLease.take(this.ports.jobs, this.owner);
      if (!lease) return;
      const work = this.run(lease).finally(() => this.running.delete(lease));
      this.running.set(lease, work);
    }
  }

  private async run(lease: JobLease): Promise<void> {
    try {
      await runJob(this.ports, lease);
      // Of a job that has ended, or that is another gateway's, this matches nothing.
      await lease.release();
    } catch (error) {
      lease.abandon();
      // Taken up again, by whichever gateway, as soon as the lease is over.
      const { message } = error as Error;
      this.ports.logger.error(
        `Redrive ${lease.job.toHexString()} was interrupted, and goes on by itself: ${message}`,
      );
    }
  }
}
