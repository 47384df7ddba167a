import type { Binary, ObjectId } from "mongodb";
import type { EventFailure } from "../../schemas/delivery";

/** `pending` waits for an operator, `scheduled` for its time; the others are closed. */
export const STATUSES = ["pending", "scheduled", "retried", "discarded"] as const;
export type LetterStatus = (typeof STATUSES)[number];

/** What happened to a letter, oldest first. */
export type LetterHistory =
  | { at: Date; action: "received"; reason: string }
  /** `redrive`: the job that did it; absent for a single retry. */
  | { at: Date; action: "retried"; result: "delivered" | "duplicate"; redrive?: string }
  | { at: Date; action: "retry_failed"; reason: string; message: string; redrive?: string }
  | { at: Date; action: "edited"; by: string; note: string }
  | { at: Date; action: "discarded"; reason: string };

/** A message that an edit has replaced. */
export interface EarlierVersion {
  raw: Binary | null;
  event_id?: string;
  event_type?: string;
  replaced_at: Date;
  /** Who replaced it. */
  by: string;
}

/** A document of `dead_letters`. */
export interface Letter {
  _id: ObjectId;
  /** Unique among the open letters. */
  identity: string;
  status: LetterStatus;
  open: boolean;
  event_id?: string;
  event_type?: string;
  group?: string;
  reason: string;
  /** The same for letters of one cause; see `grouping/fingerprint.ts`. Absent in letters of an earlier version. */
  fingerprint?: string;
  error: EventFailure;
  /** How often a handler ran, or a refused message was looked at. */
  attempts: number;
  first_failed_at: Date;
  failed_at: Date;
  next_retry_at?: Date;
  original_topic: string;
  partition: number;
  offset: string;
  key: string | null;
  /** Pairs, since a header's name may be one that MongoDB allows no field to have. */
  headers: [name: string, value: string][];
  raw: Binary | null;
  raw_bytes: number;
  /** What was there before edits, oldest first: the first is the message as it came. */
  versions?: EarlierVersion[];
  /** Members that were too long for one document and are not whole: `error`, `key`, `headers`, `raw`. */
  cut?: string[];
  created_at: Date;
  /** When MongoDB removes it; absent: never. */
  expires_at?: Date;
  /** The retry that has it in hand, and until when that is believed. */
  claim?: string;
  claimed_until?: Date;
  history: LetterHistory[];
}

/** How long letters are kept. */
export type LetterTtl = number | "never";

const DAY_MS = 86_400_000;
/** With letters that never expire, what somebody has closed still goes. */
const CLOSED_TTL_DAYS = 7;

export function expiryOf(ttlDays: LetterTtl, now: Date): { expires_at?: Date } {
  return ttlDays === "never" ? {} : { expires_at: new Date(now.getTime() + ttlDays * DAY_MS) };
}

export function expiryOfClosed(ttlDays: LetterTtl, now: Date): { expires_at?: Date } {
  return ttlDays === "never" ? expiryOf(CLOSED_TTL_DAYS, now) : {};
}
