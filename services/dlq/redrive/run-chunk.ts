import type { ObjectId } from "mongodb";
import { handOver } from "./hand-over";
import type { RedriveChunk, RedriveJob } from "./job";
import type { JobLease } from "./lease";
import { inOffsetOrder } from "./offset-order";
import type { Pace } from "./pace";
import type { RedrivePorts } from "./ports";
import { type Parts, WaitingKeys } from "./waiting-keys";

const BACKOFF_MS = { first: 250, max: 5_000 };
/** Longer than a claim of a gateway that died is believed: whatever is in the way after that is there to stay. */
const STUCK_AFTER_MS = 6 * 60_000;

export type ChunkEnd =
  /** Every letter has its outcome; where there is `settle`, that is still to be written down → false where it is not ours to. */
  | { kind: "done"; settle?: () => Promise<boolean> }
  /** The job was paused, cancelled, or is another gateway's. */
  | { kind: "stopped" }
  /** The first letter, sent ahead of all others, failed. */
  | { kind: "canary_failed"; reason: string }
  /** Nothing got on for long. */
  | { kind: "stuck"; reason: string };

/** What a job's chunks share while one gateway is at them. */
export interface JobRun {
  ports: RedrivePorts;
  job: RedriveJob;
  lease: JobLease;
  pace: Pace;
  /** Raised when it is not known what became of a delivery. */
  attempt: number;
}

/**
 * Hands over the letters of a chunk that have no outcome yet, slice by slice, again and again until each has one. Outcomes are
 * written after each slice; what was done before a gateway died is found in the letters themselves. The usual chunk, one slice that
 * was handled as a whole, leaves the writing to the caller, who can hand over the next one meanwhile.
 */
export async function runChunk(run: JobRun, chunk: RedriveChunk, parts: Parts): Promise<ChunkEnd> {
  const { ports, lease, job } = run;
  let backoff = BACKOFF_MS.first;
  let stuckSince: number | null = null;
  for (let known = parts; ; known = await partsOf(ports, pendingOf(chunk))) {
    const pending = inOffsetOrder(pendingOf(chunk), known);
    if (pending.length === 0) return { kind: "done" };
    let waits: string | undefined;
    let decided = 0;
    const waiting = new WaitingKeys(known);
    for (const planned of slicesOf(run, pending, known)) {
      const slice = waiting.without(planned);
      if (slice.length === 0) continue;
      await run.pace.before(slice.length, lease.signal);
      if (!lease.held) return { kind: "stopped" };
      const taker = { job: job._id.toHexString(), epoch: lease.epoch, attempt: run.attempt };
      const ordered = slice.some((id) => known.get(id.toHexString())?.lane !== undefined);
      const handed = await handOver(ports, slice, taker, ordered);
      if (handed.unknown) run.attempt += 1;
      waits = handed.waits ?? waits;
      decided += handed.outcomes.size;
      waiting.note(slice, handed.outcomes);
      const { close, outcomes } = handed;
      if (close && slice.length === pending.length && job.canary !== "due") {
        const settle = async () => {
          await close();
          const ours = await writeOutcomes(run, chunk, outcomes);
          await tellWaiting(run, undefined);
          return ours;
        };
        return { kind: "done", settle };
      }
      await close?.();
      if (!(await writeOutcomes(run, chunk, outcomes))) return { kind: "stopped" };
      if (job.canary !== "due" || handed.outcomes.size === 0) continue;
      const [canary] = handed.outcomes.values();
      // Not its turn: nothing was tried.
      if (canary?.error?.type === "WEIR_DEAD_LETTER_PARKED") continue;
      if (canary?.result === "failed") return { kind: "canary_failed", reason: canary.error?.message ?? "" };
      if (canary?.result === "closed" || canary?.result === "gone") continue;
      job.canary = "passed";
      await ports.jobs.updateOne(lease.mine as object, { $set: { canary: "passed" } });
      // It went alone; the slices of the others may be larger.
      break;
    }
    if (decided > 0) {
      backoff = BACKOFF_MS.first;
      stuckSince = null;
      await tellWaiting(run, undefined);
      continue;
    }
    stuckSince ??= ports.now().getTime();
    if (ports.now().getTime() - stuckSince > STUCK_AFTER_MS) return { kind: "stuck", reason: waits ?? "" };
    await tellWaiting(run, waits ?? "nobody takes the letters now");
    await ports.wait(backoff, lease.signal);
    if (!lease.held) return { kind: "stopped" };
    backoff = Math.min(backoff * 2, BACKOFF_MS.max);
  }
}

/** The letters of a chunk that have no outcome yet. */
export function pendingOf({ letters, results }: RedriveChunk): ObjectId[] {
  return letters.filter((_, index) => !results[index]);
}

/** Letters that go together: as many as a delivery may carry, and as the rate allows for about a second. */
function slicesOf({ ports, job, pace }: JobRun, ids: ObjectId[], parts: Parts): ObjectId[][] {
  const { maxMessages, maxBytes } = ports.limits;
  const most = job.canary === "due" ? 1 : Math.min(maxMessages, pace.atOnce);
  const slices: ObjectId[][] = [];
  let size = 0;
  for (const id of ids) {
    const more = parts.get(id.toHexString())?.raw_bytes ?? 0;
    const last = slices.at(-1);
    if (last && last.length < most && size + more <= maxBytes) {
      last.push(id);
      size += more;
    } else {
      slices.push([id]);
      size = more;
    }
  }
  return slices;
}

export async function partsOf({ collection }: RedrivePorts, ids: ObjectId[]): Promise<Parts> {
  const projection = { raw_bytes: 1, group: 1, original_topic: 1, partition: 1, offset: 1, key: 1, lane: 1 };
  const found = await collection
    .find({ _id: { $in: ids } }, { projection })
    .batchSize(ids.length)
    .toArray();
  return new Map(found.map((letter) => [letter._id.toHexString(), letter]));
}

/** → false where the chunk is a later owner's. */
async function writeOutcomes(
  { ports, lease }: JobRun,
  chunk: RedriveChunk,
  outcomes: Awaited<ReturnType<typeof handOver>>["outcomes"],
): Promise<boolean> {
  if (outcomes.size === 0) return true;
  chunk.results = chunk.results.map((known, index) => {
    return known ?? outcomes.get(chunk.letters[index]?.toHexString() ?? "") ?? null;
  });
  const { matchedCount } = await ports.chunks.updateOne(
    { _id: chunk._id, epoch: { $lte: lease.epoch } },
    { $set: { results: chunk.results, epoch: lease.epoch } },
  );
  return matchedCount === 1;
}

/** Lets whoever looks at the job see why it does not get on. */
async function tellWaiting({ ports, job, lease }: JobRun, reason: string | undefined): Promise<void> {
  if (job.waiting?.reason === reason) return;
  job.waiting = reason === undefined ? undefined : { reason, since: ports.now() };
  const update = job.waiting ? { $set: { waiting: job.waiting } } : { $unset: { waiting: 1 } };
  await ports.jobs.updateOne(lease.mine as object, update as object);
  if (reason) ports.logger.warn(`Redrive ${job._id.toHexString()} waits: ${reason}`);
}
