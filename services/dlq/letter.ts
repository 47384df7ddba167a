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
  /** Its policy allows no more retries: it waits for a person. */
  | { at: Date; action: "exhausted"; retries: number }
  /** Its policy became manual before its time came. */
  | { at: Date; action: "unscheduled" }
  | { at: Date; action: "edited"; by: string; note: string }
  | { at: Date; action: "discarded"; reason: string; by: string };

/** What listeners, and the topic of WEIR_DLQ_EVENTS_TOPIC, are told of a letter. */
export const TRANSITIONS = ["received", "retried", "discarded", "exhausted", "expiring"] as const;
export type Transition = (typeof TRANSITIONS)[number];

/** What Kafka is still to be told: a transition, or that the letter itself is to be copied. */
export interface News {
  what: Transition | "mirror";
  at: Date;
}

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
  /** How often it was retried by itself; one that is under way counts. */
  retries?: number;
  /** How often it was handed over in vain by hand or by a redrive. */
  in_vain?: number;
  first_failed_at: Date;
  failed_at: Date;
  next_retry_at?: Date;
  original_topic: string;
  partition: number;
  offset: string;
  key: string | null;
  /** Pairs, since a header's name may be one that MongoDB allows no field to have. */
  headers: [name: string, value: string][];
  /** Of a group that keeps order strictly: what is behind the first open letter of the lane waits for it. */
  lane?: string;
  /** Where it stands in its lane: its offset. */
  lane_offset?: number;
  /** Of a parked event: the offset of the first one that it waited behind. */
  behind?: number;
  /** Somebody has closed it without its being handled, when it was the first of its lane. */
  front_discarded?: true;
  raw: Binary | null;
  raw_bytes: number;
  /** What was there before edits, oldest first: the first is the message as it came. */
  versions?: EarlierVersion[];
  /** Members that were too long for one document and are not whole: `error`, `key`, `headers`, `raw`. */
  cut?: string[];
  created_at: Date;
  /** When MongoDB removes it; absent: never. */
  expires_at?: Date;
  /** Who has it in hand (a retry, a scheduler's round, a redrive, an edit), and until when that is believed. */
  claim?: string;
  claimed_until?: Date;
  history: LetterHistory[];
  /** When somebody was told that it expires soon. */
  expiring_told?: Date;
  /** Written together with what happened, removed when Kafka has it. */
  news?: News[];
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
