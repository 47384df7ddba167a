import { type Collection, ObjectId } from "mongodb";
import { WeirError } from "../../../schemas/errors";
import { expiryOfEnded, type JobStatus, type RedriveChunk, type RedriveJob } from "./job";

export interface ControlPorts {
  jobs: Collection<RedriveJob>;
  chunks: Collection<RedriveChunk>;
  now(): Date;
}

/** Stops a job after the letters in hand. Throws WEIR_REDRIVE_NOT_FOUND, WEIR_REDRIVE_ENDED. */
export function pauseJob(ports: ControlPorts, id: string, by: string): Promise<RedriveJob> {
  const paused = { at: ports.now(), by, reason: "asked for" };
  return change(ports, id, ["running"], { status: "paused", paused }, "paused");
}

/** Lets a paused job go on, also one that paused itself. */
export function resumeJob(ports: ControlPorts, id: string): Promise<RedriveJob> {
  return change(ports, id, ["paused"], { status: "running" }, "running");
}

/** Ends a job after the letters in hand; what was done stays done. */
export async function cancelJob(ports: ControlPorts, id: string): Promise<RedriveJob> {
  const now = ports.now();
  const expires_at = expiryOfEnded(now);
  const changes = { status: "cancelled" as const, finished_at: now, expires_at };
  const job = await change(ports, id, ["running", "paused"], changes, "cancelled");
  await ports.chunks.updateMany({ job: job._id }, { $set: { expires_at } });
  return job;
}

export async function findJob(jobs: Collection<RedriveJob>, id: string): Promise<RedriveJob> {
  const job = await jobs.findOne({ _id: new ObjectId(id) });
  if (job) return job;
  const message = `There is no redrive ${id}: it was removed 30 days after its end, or the id is wrong; dlq.redrives shows what is there.`;
  throw new WeirError("WEIR_REDRIVE_NOT_FOUND", message, { id });
}

/** A job that already is what is asked for is answered as it is. */
async function change(
  { jobs }: ControlPorts,
  id: string,
  from: JobStatus[],
  changes: Partial<RedriveJob>,
  to: JobStatus,
): Promise<RedriveJob> {
  // Whoever is at it keeps its lease until the letters in hand are done.
  const { value } = await jobs.findOneAndUpdate(
    { _id: new ObjectId(id), status: { $in: from } } as object,
    { $set: changes },
    { returnDocument: "after" } as object,
  );
  const job = value ?? (await findJob(jobs, id));
  if (job.status === to) return job;
  const message = `Redrive ${id} is ${job.status}: it cannot be changed any more. Start another one for what is left.`;
  throw new WeirError("WEIR_REDRIVE_ENDED", message, { id, status: job.status });
}
