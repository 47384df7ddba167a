import { randomUUID } from "node:crypto";
import type { Collection, FindOneAndUpdateOption, UpdateQuery } from "mongodb";
import type { ClaimDocument, Fence } from "../../schemas/claims";
import { WeirError } from "../../schemas/errors";
import {
  type Acquired,
  type AcquireRequest,
  type BeginAnewRequest,
  type ProgressDocument,
  progressKey,
} from "../../schemas/progress";

// The driver knows the option, its types do not.
const AFTER = { returnDocument: "after" } as FindOneAndUpdateOption<ProgressDocument>;

/** Makes the caller the partition's owner: every claim under a lower epoch may be taken over from here on. */
export async function acquire(
  progress: Collection<ProgressDocument>,
  request: AcquireRequest,
  now: Date,
): Promise<Acquired> {
  const { group, topic, partition, committed_progress_id } = request;
  const _id = progressKey(group, topic, partition);
  const freshId = randomUUID();
  const owned = await raiseEpoch(progress, { _id, group, topic, partition, freshId, now });
  const { epoch } = owned;
  if (owned.progress_id === freshId)
    return { epoch, progress_id: freshId, redelivered_to: null, next: 0, began: "first" };
  if (owned.progress_id !== committed_progress_id) {
    // Kafka has not told yet that the caller owns the partition: what it knows may be old, so nothing is forgotten for it.
    await progress.updateOne({ _id, epoch }, { $set: { offered_id: freshId } });
    return { epoch, progress_id: freshId, redelivered_to: null, next: 0, began: "anew" };
  }
  // What was handed out and committed never comes again; what comes again of it may have been handled, whether its keys live or not.
  const known = owned.redelivered_to ?? -1;
  const redelivered_to = Math.max(known, owned.handed_to ?? -1);
  if (redelivered_to > known) await rememberTakeover(progress, request, group, redelivered_to);
  return {
    epoch,
    progress_id: owned.progress_id,
    redelivered_to: redelivered_to < 0 ? null : redelivered_to,
    next: owned.next,
    began: "resumed",
  };
}

/**
 * Begins the run of offsets that `acquire` offered, after Kafka has taken a commit that names it. Who sets offsets
 * back wants what comes again to be handled again: the keys of what was handled from there on absorb nothing any more. What lies
 * before goes on absorbing the copies that producers send. Throws WEIR_FENCED for an earlier owner.
 */
export async function beginAnew(
  progress: Collection<ProgressDocument>,
  claims: Collection<ClaimDocument>,
  request: BeginAnewRequest,
  now: Date,
): Promise<void> {
  const { group, topic, partition, epoch, progress_id, from } = request;
  const offered = { _id: progressKey(group, topic, partition), epoch, offered_id: progress_id };
  if (!(await progress.findOne(offered))) throw replaced(request);
  await claims.deleteMany({
    status: "completed",
    group,
    "by.topic": topic,
    "by.partition": partition,
    "by.to": { $gte: from },
    // A later owner's are left alone, should there be one by now.
    "by.epoch": { $lt: epoch },
  });
  const begun = await progress.updateOne(offered, {
    $set: { progress_id, redelivered_to: null, next: 0, since: now },
    $unset: { offered_id: "", handed_to: "" },
  });
  if (begun.matchedCount !== 1) throw replaced(request);
}

function replaced({ group, topic, partition, epoch }: BeginAnewRequest): WeirError {
  return new WeirError(
    "WEIR_FENCED",
    `Group ${group} was to begin anew at ${topic}[${partition}] under epoch ${epoch}, but the partition has another owner by now. Nothing is changed.`,
    { group, topic, partition, epoch },
  );
}

interface Raise {
  _id: string;
  group: string;
  topic: string;
  partition: number;
  freshId: string;
  now: Date;
}

async function raiseEpoch(progress: Collection<ProgressDocument>, raise: Raise): Promise<ProgressDocument> {
  const { _id, group, topic, partition, freshId, now } = raise;
  const update = {
    $inc: { epoch: 1 },
    $setOnInsert: {
      group,
      topic,
      partition,
      progress_id: freshId,
      redelivered_to: null,
      next: 0,
      since: now,
    },
  };
  try {
    const raised = await progress.findOneAndUpdate(
      { _id },
      update as unknown as UpdateQuery<ProgressDocument>,
      { ...AFTER, upsert: true },
    );
    if (raised.value) return raised.value;
    throw new Error(`MongoDB raised the epoch of ${_id} and returned no document`);
  } catch (error) {
    // Two first owners at once: one of the inserts finds the other's document there.
    if ((error as { code?: number }).code !== 11_000) throw error;
    return raiseEpoch(progress, raise);
  }
}

export async function rememberTakeover(
  progress: Collection<ProgressDocument>,
  { topic, partition }: Pick<Fence, "topic" | "partition">,
  group: string,
  offset: number,
): Promise<void> {
  await progress.updateOne(
    { _id: progressKey(group, topic, partition) },
    { $max: { redelivered_to: offset } },
  );
}

/**
 * Remembers a claimed chunk as handed out → up to which offset the partition's events may have been handled before; null for
 * none. What a former owner still hands out is remembered as a takeover is, because the later one has asked already what was
 * handed out; and it may have been handled by that one.
 */
export async function handOut(
  progress: Collection<ProgressDocument>,
  { topic, partition, epoch, to }: Fence & { to: number },
  group: string,
): Promise<number | null> {
  const _id = progressKey(group, topic, partition);
  const handed = await progress.findOneAndUpdate({ _id, epoch }, { $max: { handed_to: to } }, AFTER);
  const known =
    handed.value ?? (await progress.findOneAndUpdate({ _id }, { $max: { redelivered_to: to } }, AFTER)).value;
  return known?.redelivered_to ?? null;
}
