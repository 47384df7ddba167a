import { isUtf8 } from "node:buffer";
import type { Letter, LetterHistory } from "./letter";

type Shown<T> = T extends Date ? string : T;

/** A letter as `dlq.list` shows it: without its bytes and history. Times are RFC 3339, also on this node. */
export interface LetterRow
  extends Pick<
    Letter,
    | "status"
    | "open"
    | "event_id"
    | "event_type"
    | "group"
    | "reason"
    | "fingerprint"
    | "error"
    | "attempts"
    | "retries"
    | "in_vain"
    | "original_topic"
    | "partition"
    | "offset"
    | "key"
    | "raw_bytes"
    | "cut"
  > {
  id: string;
  headers: Record<string, string>;
  first_failed_at: string;
  failed_at: string;
  created_at: string;
  next_retry_at?: string;
  expires_at?: string;
}

/** A letter as `dlq.get` shows it. */
export interface LetterDetails extends LetterRow {
  /** The message's exact bytes; null for a tombstone. */
  raw_base64: string | null;
  /** The same as text, where they are UTF-8. */
  raw_text?: string;
  history: { [K in keyof LetterHistory]: Shown<LetterHistory[K]> }[];
  /** What edits have replaced, oldest first: the first is the message as it came. */
  versions?: { raw_base64: string | null; raw_text?: string; replaced_at: string; by: string }[];
}

/** Left out when letters are listed. */
export const HIDDEN_IN_ROWS = {
  raw: 0,
  history: 0,
  claim: 0,
  claimed_until: 0,
  identity: 0,
  news: 0,
  expiring_told: 0,
  versions: 0,
  lane: 0,
  lane_offset: 0,
  behind: 0,
  front_discarded: 0,
} as const;

export function rowOf(letter: Omit<Letter, keyof typeof HIDDEN_IN_ROWS>): LetterRow {
  const { _id, headers, first_failed_at, failed_at, created_at, next_retry_at, expires_at, ...rest } = letter;
  return {
    id: _id.toHexString(),
    ...rest,
    headers: Object.fromEntries(headers),
    first_failed_at: first_failed_at.toISOString(),
    failed_at: failed_at.toISOString(),
    created_at: created_at.toISOString(),
    ...(next_retry_at && { next_retry_at: next_retry_at.toISOString() }),
    ...(expires_at && { expires_at: expires_at.toISOString() }),
  };
}

export function detailsOf(letter: Letter): LetterDetails {
  const { raw: _raw, history, versions, claim: _claim, claimed_until: _until, ...shown } = letter;
  const { identity: _identity, news: _news, expiring_told: _told, ...rest } = shown;
  const { lane: _lane, lane_offset: _offset, behind: _behind, front_discarded: _front, ...row } = rest;
  const earlier = versions?.map((version) => {
    return { ...bytesOf(version), replaced_at: version.replaced_at.toISOString(), by: version.by };
  });
  return {
    ...rowOf(row),
    ...bytesOf(letter),
    history: history.map((entry) => ({ ...entry, at: entry.at.toISOString() })),
    ...(earlier && { versions: earlier }),
  };
}

function bytesOf(of: Pick<Letter, "raw">): Pick<LetterDetails, "raw_base64" | "raw_text"> {
  const bytes = rawOf(of);
  return {
    raw_base64: bytes?.toString("base64") ?? null,
    ...(bytes && isUtf8(bytes) && { raw_text: bytes.toString("utf8") }),
  };
}

/** The exact bytes; null for a tombstone. */
export function rawOf({ raw }: Pick<Letter, "raw">): Buffer | null {
  return raw && Buffer.from(raw.buffer);
}
