import type { Collection, ObjectId } from "mongodb";
import type { Letter } from "../letter";
import type { Items } from "../named-letters";
import { queryOf } from "../query";
import { CHUNK_LETTERS, newChunk, type RedriveChunk, type RedriveJob } from "./job";
import type { JobLease } from "./lease";

const DUPLICATE_KEY = 11_000;

export interface SelectPorts {
  collection: Collection<Letter>;
  jobs: Collection<RedriveJob>;
  chunks: Collection<RedriveChunk>;
}

/** The open letters that a filter means: those that were there at `at`. */
export function matching(filter: NonNullable<Items["filter"]>, at: Date) {
  return { ...queryOf(filter), open: true, created_at: { $lte: at } };
}

/**
 * Writes down which letters a job is about, chunk by chunk in the order of their ids, so that what is added or changes
 * meanwhile makes no difference. Goes on behind the last chunk that is there → false where the job was lost or stopped.
 */
export async function selectLetters(ports: SelectPorts, job: RedriveJob, lease: JobLease): Promise<boolean> {
  const { filter = {}, created_at } = job;
  let last = await lastChunk(ports.chunks, job._id);
  let total = last ? last.n * CHUNK_LETTERS + last.letters.length : 0;
  // By `_id`, or MongoDB would sort all that match in memory.
  const found = ports.collection
    .find({ ...matching(filter, created_at), ...after(last) }, { projection: { _id: 1 } })
    .sort({ _id: 1 })
    .hint({ _id: 1 })
    .batchSize(CHUNK_LETTERS);
  try {
    let ids: ObjectId[] = [];
    const write = async () => {
      const chunk = newChunk(job._id, last ? last.n + 1 : 0, ids);
      await ports.chunks.insertOne(chunk);
      last = chunk;
      total += ids.length;
      ids = [];
    };
    for await (const { _id } of found) {
      ids.push(_id);
      if (ids.length < CHUNK_LETTERS) continue;
      if (!lease.held) return false;
      await write();
    }
    if (ids.length > 0) await write();
  } catch (error) {
    // An earlier owner that woke up has written the same chunk: whoever has the job now goes on behind it.
    if ((error as { code?: number }).code !== DUPLICATE_KEY) throw error;
    return lease.held && selectLetters(ports, job, lease);
  } finally {
    await found.close();
  }
  const chunks = last ? last.n + 1 : 0;
  const { matchedCount } = await ports.jobs.updateOne(
    { ...lease.mine, total: null } as object,
    { $set: { total, chunks } } as object,
  );
  return matchedCount === 1;
}

function lastChunk(chunks: Collection<RedriveChunk>, job: ObjectId): Promise<RedriveChunk | null> {
  return chunks.findOne({ job }, { sort: { n: -1 } });
}

function after(last: RedriveChunk | null): object {
  const id = last?.letters.at(-1);
  return id ? { _id: { $gt: id } } : {};
}
