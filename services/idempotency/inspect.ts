import type { Collection, ObjectId } from "mongodb";
import { storedKey } from "../../mixins/idempotency/stored-key";
import type { ResultOmission } from "../../schemas/calls";
import type { ClaimDocument } from "../../schemas/claims";
import type { FrontStats } from "./calls/front";
import type { CallCounters, Counters } from "./counters";

/** A key that somebody has in hand, or that was handled. */
export interface HeldKey {
  key: string;
  group: string;
  status: ClaimDocument["status"];
  by: ClaimDocument["by"];
  lease_until: Date | null;
  expires_at: Date;
  /** Of a single call. */
  completed_at?: Date;
  /** Size of the kept result, as JSON. */
  result_bytes?: number;
  /** Why no result is kept. */
  result_omitted?: ResultOmission;
}

/** A key that nobody holds, because its event failed: its state is the open dead letter. */
export interface FailedKey {
  key: string;
  group: string;
  status: "failed";
  letter: {
    id: string;
    status: string;
    reason: string;
    event_id?: string;
    event_type?: string;
    failed_at: Date;
    error: { type: string; message: string };
  };
  /** Null where letters are kept until somebody closes them. */
  expires_at: Date | null;
}

export type KeyState = HeldKey | FailedKey;

/** As much of a dead letter as tells of a key. */
interface LetterOfKey {
  _id: ObjectId;
  identity: string;
  open: boolean;
  status: string;
  group?: string;
  reason: string;
  event_id?: string;
  event_type?: string;
  failed_at: Date;
  error: { type: string; message: string };
  expires_at?: Date | null;
}

/** `given` in full: a long key is found by the hash that it is stored as. */
export async function findKey(claims: Collection<ClaimDocument>, given: string): Promise<HeldKey | null> {
  const key = storedKey(given);
  const found = await claims.findOne({ keys: key }, { projection: { keys: 0, n: 0 } });
  if (!found) return null;
  const { group, status, by, lease_until, expires_at, completed_at, result } = found;
  const { json, omitted } = result ?? {};
  return {
    key,
    group,
    status,
    by,
    lease_until: lease_until ?? null,
    expires_at,
    ...(completed_at && { completed_at }),
    ...(json !== undefined && { result_bytes: Buffer.byteLength(json) }),
    ...(omitted && { result_omitted: omitted }),
  };
}

/** Reads the letters of the `dlq` service, which owns them. */
export async function findFailedKey(
  letters: Collection<LetterOfKey>,
  given: string,
): Promise<FailedKey | null> {
  const key = storedKey(given);
  const letter = await letters.findOne({ identity: `failed|${key}`, open: true });
  if (!letter) return null;
  const { _id, group, status, reason, event_id, event_type, failed_at, error, expires_at } = letter;
  const { type, message } = error;
  return {
    key,
    group: group ?? key.slice(0, key.indexOf("|")),
    status: "failed",
    letter: {
      id: _id.toHexString(),
      status,
      reason,
      event_id,
      event_type,
      failed_at,
      error: { type, message },
    },
    expires_at: expires_at ?? null,
  };
}

export interface IdempotencyStats {
  /** Claim documents: one per chunk or call. */
  documents: number;
  /** Claim documents in some handler's hands right now. */
  processing: number;
  /** This node's counts of events' keys since its start. */
  node: Counters;
  /** This node's counts of single calls since its start. */
  calls: CallCounters;
  /** This node's memory of calls that it has completed. */
  front: FrontStats;
}

export async function idempotencyStats(
  claims: Collection<ClaimDocument>,
  { node, calls, front }: Pick<IdempotencyStats, "node" | "calls" | "front">,
): Promise<IdempotencyStats> {
  const [documents, processing] = await Promise.all([
    claims.estimatedDocumentCount(),
    claims.countDocuments({ status: "processing" }),
  ]);
  return { documents, processing, node: { ...node }, calls: { ...calls }, front };
}
