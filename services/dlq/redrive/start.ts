import { type Collection, ObjectId } from "mongodb";
import type { Letter } from "../letter";
import { assertOneWay, type Items } from "../named-letters";
import { newChunk, noCounts, type RedriveJob } from "./job";
import { matching, type SelectPorts } from "./select-letters";

export interface RedriveRequest extends Items {
  dry_run?: boolean;
  rate?: number;
  canary?: boolean;
  by?: string;
}

/** What a redrive would be about; nothing is begun or written. */
export interface DryRun {
  dry_run: true;
  total: number;
  by_event_type: Record<string, number>;
  by_group: Record<string, number>;
  by_reason: Record<string, number>;
}

/** Throws a ValidationError unless letters are named in exactly one way. */
export async function dryRun(
  letters: Collection<Letter>,
  request: RedriveRequest,
  now: Date,
): Promise<DryRun> {
  assertOneWay(request);
  const { filter } = request;
  const wanted = filter ? matching(filter, now) : { _id: { $in: idsOf(request) }, open: true };
  const _id = { event_type: "$event_type", group: "$group", reason: "$reason" };
  const found = await letters
    .aggregate<{ _id: Record<keyof typeof _id, string | undefined>; count: number }>([
      { $match: wanted },
      { $group: { _id, count: { $sum: 1 } } },
      { $sort: { count: -1 } },
    ])
    .toArray();
  const by = (field: keyof typeof _id): Record<string, number> => {
    const sums = new Map<string, number>();
    for (const { _id: of, count } of found)
      sums.set(of[field] ?? "-", (sums.get(of[field] ?? "-") ?? 0) + count);
    return Object.fromEntries(sums);
  };
  return {
    dry_run: true,
    total: found.reduce((sum, { count }) => sum + count, 0),
    by_event_type: by("event_type"),
    by_group: by("group"),
    by_reason: by("reason"),
  };
}

/** Writes the job down; whichever gateway looks next runs it. Throws a ValidationError as `dryRun` does. */
export async function createJob(
  { jobs, chunks }: Pick<SelectPorts, "jobs" | "chunks">,
  request: RedriveRequest,
  now: Date,
): Promise<RedriveJob> {
  assertOneWay(request);
  const { filter, rate, by, canary = true } = request;
  const _id = new ObjectId();
  const ids = filter ? [] : idsOf(request);
  const job: RedriveJob = {
    _id,
    status: "running",
    ...(filter && { filter }),
    ...(rate !== undefined && { rate }),
    canary: canary && ids.length !== 1 ? "due" : "off",
    ...(by !== undefined && { by }),
    created_at: now,
    total: filter ? null : ids.length,
    chunks: filter ? null : 1,
    next: 0,
    counts: noCounts(),
    epoch: 0,
  };
  // The chunk first: a job that is found has all its letters.
  if (!filter) await chunks.insertOne(newChunk(_id, 0, ids));
  await jobs.insertOne(job);
  return job;
}

function idsOf({ id, ids }: Items): ObjectId[] {
  const texts = [id, ids].flat().flatMap((text) => text?.toLowerCase() ?? []);
  // Oldest first, as a filter's are.
  return [...new Set(texts)].sort().map((text) => new ObjectId(text));
}
