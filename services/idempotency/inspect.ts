import type { Collection } from "mongodb";
import type { ClaimDocument } from "../../schemas/claims";
import type { Counters } from "./counters";

export interface KeyState {
  key: string;
  group: string;
  status: ClaimDocument["status"];
  by: ClaimDocument["by"];
  lease_until: Date | null;
  expires_at: Date;
}

export async function findKey(claims: Collection<ClaimDocument>, key: string): Promise<KeyState | null> {
  const found = await claims.findOne({ keys: key }, { projection: { keys: 0, n: 0 } });
  if (!found) return null;
  const { group, status, by, lease_until, expires_at } = found;
  return { key, group, status, by, lease_until: lease_until ?? null, expires_at };
}

export interface IdempotencyStats {
  /** Claim documents: one per chunk. */
  documents: number;
  /** Claim documents in some handler's hands right now. */
  processing: number;
  /** This node's counts since its start. */
  node: Counters;
}

export async function idempotencyStats(
  claims: Collection<ClaimDocument>,
  counters: Counters,
): Promise<IdempotencyStats> {
  const [documents, processing] = await Promise.all([
    claims.estimatedDocumentCount(),
    claims.countDocuments({ status: "processing" }),
  ]);
  return { documents, processing, node: { ...counters } };
}
