import type { Collection, ObjectId } from "mongodb";
import type { RedriveJob } from "./job";

/** In ms. A gateway that died holds its job up for so long. */
export const LEASE_MS = 10_000;
const RENEW_MS = 2_000;

// The typings know neither update pipelines nor the option's name of today.
const AFTER = { returnDocument: "after", sort: { _id: 1 } } as object;
const UNTIL = { $add: ["$$NOW", LEASE_MS] };

/** A gateway's hold on a job. All times are the server's, so that gateways' clocks need not agree. */
export class JobLease {
  private readonly stopping = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private heldUntil: number;

  private constructor(
    private readonly jobs: Collection<RedriveJob>,
    readonly job: ObjectId,
    readonly epoch: number,
    private readonly owner: string,
    asked: number,
  ) {
    this.heldUntil = asked + LEASE_MS;
    // A renewal that fails is tried again by the next.
    this.timer = setInterval(() => void this.renew().catch(() => undefined), RENEW_MS);
    this.timer.unref();
  }

  /** Takes up a running job that no living gateway is at; null where there is none. */
  static async take(jobs: Collection<RedriveJob>, owner: string): Promise<JobLease | null> {
    const asked = performance.now();
    const free = { $lt: [{ $ifNull: ["$lease_until", new Date(0)] }, "$$NOW"] };
    const taken = { $set: { owner, lease_until: UNTIL, epoch: { $add: ["$epoch", 1] } } };
    const { value } = await jobs.findOneAndUpdate(
      { status: "running", $expr: free } as object,
      [taken] as object,
      AFTER,
    );
    return value ? new JobLease(jobs, value._id, value.epoch, owner, asked) : null;
  }

  /** Whatever is written of the job is written where this matches: nothing is, once another gateway has it. */
  get mine(): { _id: ObjectId; owner: string; epoch: number } {
    return { _id: this.job, owner: this.owner, epoch: this.epoch };
  }

  /** False once another gateway may have it, or it is to stop: then nothing new may be begun. */
  get held(): boolean {
    return !this.stopping.signal.aborted && performance.now() < this.heldUntil;
  }

  /** Aborted when the work is to stop: waits end early. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /** Asks for the work to stop. The lease is kept until what is in hand has ended, or somebody else would begin it meanwhile. */
  stop(): void {
    this.stopping.abort();
  }

  /** Leaves the lease to run out. */
  abandon(): void {
    clearInterval(this.timer);
    this.stopping.abort();
  }

  /** Lets another gateway have the job at once. */
  async release(): Promise<void> {
    this.abandon();
    await (this.jobs as Collection).updateOne(this.mine, { $unset: { owner: 1, lease_until: 1 } });
  }

  private async renew(): Promise<void> {
    const asked = performance.now();
    const update = [{ $set: { lease_until: UNTIL } }] as object;
    const { value } = await this.jobs.findOneAndUpdate(this.mine as object, update, AFTER);
    if (value) this.heldUntil = asked + LEASE_MS;
    // Paused, cancelled, or another gateway's.
    if (value?.status !== "running") this.stop();
  }
}
