import type { ObjectId } from "mongodb";
import type { Items } from "../named-letters";

export const JOB_STATUSES = ["running", "paused", "completed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** What can become of a letter of a redrive. */
export const LETTER_RESULTS = ["delivered", "duplicate", "failed", "closed", "gone"] as const;
export type LetterResult = (typeof LETTER_RESULTS)[number];
export type Counts = Record<LetterResult, number>;

/** The outcome of one letter, as a chunk keeps it. */
export interface LetterOutcome {
  /** `failed`: still open, with its new error. `closed`: somebody else closed it. `gone`: there is no such letter. */
  result: LetterResult;
  error?: { type: string; message: string };
}

/** A document of `redrives`. */
export interface RedriveJob {
  _id: ObjectId;
  status: JobStatus;
  /** Absent where letters were named by their ids. */
  filter?: NonNullable<Items["filter"]>;
  /** Letters a second at most; absent: as fast as it goes. */
  rate?: number;
  /** `due`: the first letter goes alone, and the others only after it was handled. */
  canary: "off" | "due" | "passed" | "failed";
  by?: string;
  created_at: Date;
  finished_at?: Date;
  /** How many letters; null while they are still being looked up. */
  total: number | null;
  chunks: number | null;
  /** The first chunk that is not done. */
  next: number;
  /** Of the chunks that are done. */
  counts: Counts;
  /** What it waits for, where it does not get on. */
  waiting?: { reason: string; since: Date };
  /** The last time that it was paused, and by whom; `weir` where it paused itself. */
  paused?: { at: Date; by: string; reason: string };
  /** Raised by every gateway that takes it up; what an earlier one still does counts for nothing. */
  epoch: number;
  owner?: string;
  lease_until?: Date;
  expires_at?: Date;
}

/** A document of `redrive_chunks`: up to `CHUNK_LETTERS` letters of one redrive, in their order. */
export interface RedriveChunk {
  /** `<job>/<n>` */
  _id: string;
  job: ObjectId;
  n: number;
  letters: ObjectId[];
  /** Per letter; null for one that is still to come. */
  results: (LetterOutcome | null)[];
  /** The epoch of the owner that wrote last. */
  epoch: number;
  expires_at?: Date;
}

export const CHUNK_LETTERS = 1_000;

const DAY_MS = 86_400_000;
const KEPT_DAYS = 30;

/** How long an ended redrive is kept. */
export function expiryOfEnded(now: Date): Date {
  return new Date(now.getTime() + KEPT_DAYS * DAY_MS);
}

export function newChunk(job: ObjectId, n: number, letters: ObjectId[]): RedriveChunk {
  const results = letters.map(() => null);
  return { _id: chunkId(job, n), job, n, letters, results, epoch: 0 };
}

export function chunkId(job: ObjectId, n: number): string {
  return `${job.toHexString()}/${n}`;
}

export function noCounts(): Counts {
  return { delivered: 0, duplicate: 0, failed: 0, closed: 0, gone: 0 };
}

export function countsOf(results: RedriveChunk["results"]): Counts {
  const counts = noCounts();
  for (const outcome of results) if (outcome) counts[outcome.result] += 1;
  return counts;
}

export function sumOf(counts: Counts): number {
  return LETTER_RESULTS.reduce((sum, result) => sum + counts[result], 0);
}
