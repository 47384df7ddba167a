import { countsOf, expiryOfEnded, type LetterResult, type RedriveChunk, type RedriveJob } from "./job";
import type { JobLease } from "./lease";
import { Pace } from "./pace";
import type { RedrivePorts } from "./ports";
import { type JobRun, partsOf, pendingOf, runChunk } from "./run-chunk";
import { selectLetters } from "./select-letters";
import type { Parts } from "./waiting-keys";

/** Takes a job as far as it goes: to its end, to a pause, or until this gateway is to stop. */
export async function runJob(ports: RedrivePorts, lease: JobLease): Promise<void> {
  let job = await ownJob(ports, lease);
  if (job?.total === null) {
    if (!(await selectLetters(ports, job, lease))) return;
    job = await ownJob(ports, lease);
  }
  if (!job) return;
  const run: JobRun = { ports, job, lease, pace: new Pace(job.rate, ports), attempt: 0 };
  /** What is still to be written of the chunk before → false where the job is not ours any more. */
  let behind = Promise.resolve(true);
  const chunks = job.chunks ?? 0;
  let ahead = prepareChunk(run, job.next, chunks);
  try {
    for (let { next } = job; next < chunks; next += 1) {
      const prepared = await ahead;
      if (!prepared) return;
      const { chunk, parts } = prepared;
      ahead = prepareChunk(run, next + 1, chunks);
      const end = await runChunk(run, chunk, parts);
      if (end.kind !== "done") {
        await behind;
        if (end.kind !== "stopped") await pauseItself(run, end);
        return;
      }
      // Paused, cancelled, or one write failed: what was handled is closed all the same.
      let goesOn = false;
      try {
        goesOn = await behind;
      } finally {
        if (!goesOn) await end.settle?.();
      }
      if (!goesOn) return;
      behind = settleChunk(run, chunk, end.settle);
      // It is asked for below, also when it fails meanwhile.
      behind.catch(() => undefined);
    }
    if (await behind) await complete(run);
  } finally {
    // Whoever ends the lease after this has to know that nothing is written any more.
    await Promise.allSettled([behind, ahead]);
  }
}

interface Prepared {
  chunk: RedriveChunk;
  parts: Parts;
}

/** Takes a chunk and looks at its letters, while the one before is handed over → null where there is none, or it is not ours. */
function prepareChunk(run: JobRun, n: number, chunks: number): Promise<Prepared | null> {
  const prepared = (async () => {
    const chunk = n < chunks ? await takeChunk(run, n) : null;
    return chunk && { chunk, parts: await partsOf(run.ports, pendingOf(chunk)) };
  })();
  // It is asked for later, also when it fails meanwhile.
  prepared.catch(() => undefined);
  return prepared;
}

async function settleChunk(
  run: JobRun,
  chunk: RedriveChunk,
  settle?: () => Promise<boolean>,
): Promise<boolean> {
  return (!settle || (await settle())) && countChunk(run, chunk);
}

function ownJob({ jobs }: RedrivePorts, lease: JobLease): Promise<RedriveJob | null> {
  return jobs.findOne({ ...lease.mine, status: "running" } as object);
}

/**
 * From here on an earlier owner writes nothing into the chunk: should it wake up, its letters are ours → null where the chunk is a
 * later owner's.
 */
async function takeChunk({ ports, job, lease }: JobRun, n: number): Promise<RedriveChunk | null> {
  const { epoch } = lease;
  const { value } = await ports.chunks.findOneAndUpdate(
    { job: job._id, n, epoch: { $lte: epoch } },
    { $set: { epoch } },
    // The typings do not know the option's name of today.
    { returnDocument: "after" } as object,
  );
  if (value || (await ports.chunks.findOne({ job: job._id, n }))) return value ?? null;
  throw new Error(`chunk ${n} of redrive ${job._id.toHexString()} is gone`);
}

/** Counts a chunk once, whoever may have counted it before its owner died → false where the job is not ours to run. */
async function countChunk({ ports, lease }: JobRun, { n, results }: RedriveChunk): Promise<boolean> {
  const counts = Object.entries(countsOf(results)) as [LetterResult, number][];
  const $inc = Object.fromEntries(counts.map(([result, count]) => [`counts.${result}`, count]));
  const { matchedCount } = await ports.jobs.updateOne(
    { ...lease.mine, next: n } as object,
    { $set: { next: n + 1 }, $inc } as object,
  );
  return matchedCount === 1 && lease.held;
}

async function pauseItself(
  { ports, job, lease }: JobRun,
  end: { kind: "canary_failed" | "stuck"; reason: string },
): Promise<void> {
  const failed = end.kind === "canary_failed";
  const reason = failed
    ? `the first letter, sent ahead of all others, failed: ${end.reason}`
    : `nothing got on for minutes: ${end.reason}`;
  const paused = { at: ports.now(), by: "weir", reason };
  const update = {
    $set: { status: "paused", paused, ...(failed && { canary: "failed" }) },
    $unset: { owner: 1, lease_until: 1, waiting: 1 },
  };
  await ports.jobs.updateOne({ ...lease.mine, status: "running" } as object, update as object);
  ports.logger.warn(`Redrive ${job._id.toHexString()} is paused: ${reason}`);
}

async function complete({ ports, job, lease }: JobRun): Promise<void> {
  const now = ports.now();
  const expires_at = expiryOfEnded(now);
  await ports.chunks.updateMany({ job: job._id }, { $set: { expires_at } });
  const update = {
    $set: { status: "completed", finished_at: now, expires_at },
    $unset: { owner: 1, lease_until: 1, waiting: 1 },
  };
  const { matchedCount } = await ports.jobs.updateOne(
    { ...lease.mine, status: "running" } as object,
    update as object,
  );
  if (matchedCount === 1) ports.logger.info(`Redrive ${job._id.toHexString()} is completed`);
}
