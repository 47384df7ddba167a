import type { Collection } from "mongodb";
import { findPage } from "../../../mixins/mongo-schema/find-page";
import type { Page, Paging } from "../../../schemas/query-params";
import { findJob } from "./control";
import {
  type Counts,
  countsOf,
  type JobStatus,
  LETTER_RESULTS,
  type LetterResult,
  type RedriveChunk,
  type RedriveJob,
  sumOf,
} from "./job";

/** A redrive as its actions show it. Times are RFC 3339, also on this node. */
export interface RedriveRow extends Pick<RedriveJob, "status" | "filter" | "rate" | "canary" | "by"> {
  id: string;
  /** Null while the letters are still being looked up. */
  total: number | null;
  /** Letters with an outcome; `counts` says which. */
  done: number;
  counts: Counts;
  waiting?: { reason: string; since: string };
  paused?: { at: string; by: string; reason: string };
  /** The gateway that is at it. */
  owner?: string;
  created_at: string;
  finished_at?: string;
}

/** One letter of a redrive. */
export interface RedriveItem {
  /** The letter's id. */
  id: string;
  result: LetterResult | "waiting";
  error?: { type: string; message: string };
}

/** A redrive, and one page of its letters. */
export interface RedriveDetails extends RedriveRow {
  items: Page<RedriveItem>;
}

export interface StatusRequest extends Paging {
  id: string;
  result?: RedriveItem["result"];
}

type Stores = { jobs: Collection<RedriveJob>; chunks: Collection<RedriveChunk> };

/** The latest come first. */
export async function listJobs(
  stores: Stores,
  { status, ...paging }: Paging & { status?: JobStatus },
): Promise<Page<RedriveRow>> {
  const query = status ? { status } : {};
  const found = await findPage(stores.jobs, query, paging, { sort: { created_at: -1, _id: -1 } });
  return { ...found, rows: await Promise.all(found.rows.map((job) => rowOf(stores, job))) };
}

/** Throws WEIR_REDRIVE_NOT_FOUND. */
export async function jobStatus(stores: Stores, request: StatusRequest): Promise<RedriveDetails> {
  const job = await findJob(stores.jobs, request.id);
  const row = await rowOf(stores, job);
  return { ...row, items: await itemsOf(stores, job, row, request) };
}

export async function rowOf({ chunks }: Stores, job: RedriveJob): Promise<RedriveRow> {
  // Counted into the job as soon as it is done.
  const current = await chunks.findOne({ job: job._id, n: job.next }, { projection: { results: 1 } });
  const counts = { ...job.counts };
  const more = countsOf(current?.results ?? []);
  for (const result of LETTER_RESULTS) counts[result] += more[result];
  const { _id, status, filter, rate, canary, by, total, waiting, paused, owner } = job;
  return {
    id: _id.toHexString(),
    status,
    ...(filter && { filter }),
    ...(rate !== undefined && { rate }),
    canary,
    ...(by !== undefined && { by }),
    total,
    done: sumOf(counts),
    counts,
    ...(waiting && { waiting: { ...waiting, since: waiting.since.toISOString() } }),
    ...(paused && { paused: { ...paused, at: paused.at.toISOString() } }),
    ...(owner !== undefined && status === "running" && { owner }),
    created_at: job.created_at.toISOString(),
    ...(job.finished_at && { finished_at: job.finished_at.toISOString() }),
  };
}

async function itemsOf(
  { chunks }: Stores,
  job: RedriveJob,
  { counts, done }: RedriveRow,
  { result, page, pageSize }: StatusRequest,
): Promise<Page<RedriveItem>> {
  const all = job.total ?? 0;
  const total = result === undefined ? all : result === "waiting" ? all - done : counts[result];
  const wanted = result === "waiting" ? { outcome: null } : { "outcome.result": result };
  // Unwound and cut by the server: neither it nor we hold more than a page.
  const found = await chunks
    .aggregate<{ item: [RedriveChunk["letters"][number], RedriveChunk["results"][number]] }>([
      { $match: { job: job._id, n: { $lt: job.chunks ?? 0 } } },
      { $sort: { job: 1, n: 1 } },
      { $project: { item: { $zip: { inputs: ["$letters", "$results"] } } } },
      { $unwind: "$item" },
      { $project: { item: 1, outcome: { $arrayElemAt: ["$item", 1] } } },
      ...(result === undefined ? [] : [{ $match: wanted }]),
      { $skip: (page - 1) * pageSize },
      { $limit: pageSize },
    ])
    .toArray();
  const rows = found.map(({ item: [id, outcome] }): RedriveItem => {
    return {
      id: id.toHexString(),
      result: outcome?.result ?? "waiting",
      ...(outcome?.error && { error: outcome.error }),
    };
  });
  return { rows, total, page, pageSize };
}
