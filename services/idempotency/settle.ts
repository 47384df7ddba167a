import { type Collection, ObjectId, type UpdateQuery } from "mongodb";
import type { ClaimDocument } from "../../schemas/claims";

export interface SettleRequest {
  /** As `claim` gave it. */
  id: string;
  /** Keys that were not handled after all: failed, busy, or not begun. */
  release: string[];
  /** How many keys the claim holds. */
  claimed: number;
  /** How long the handled keys absorb duplicates. */
  ttl_ms: number;
  /** Where the claim came from: what is released of it is handed over again, and has to say so. */
  from?: { group: string; topic: string; partition: number; to: number };
}

/** `fenced`: somebody took the claim over; what was done under it will be done again, so commit nothing for it. */
export type SettleResult = "settled" | "fenced";

/** Ends a claim in one write. Doing it twice is doing it once. */
export async function settle(
  claims: Collection<ClaimDocument>,
  request: SettleRequest,
  now: Date,
): Promise<SettleResult> {
  const _id = new ObjectId(request.id);
  if (request.release.length >= request.claimed) {
    const { deletedCount } = await claims.deleteOne({ _id, status: "processing" });
    return deletedCount === 1 ? "settled" : "fenced";
  }
  const update = {
    $set: { status: "completed", expires_at: new Date(now.getTime() + request.ttl_ms) },
    $unset: { lease_until: "" },
    ...(request.release.length > 0 && { $pull: { keys: { $in: request.release } } }),
  };
  const updated = await claims.updateOne(
    { _id, status: "processing" },
    update as unknown as UpdateQuery<ClaimDocument>,
  );
  if (updated.matchedCount === 1) return "settled";
  // The first answer may have been lost: completed under our own id can only be our own doing.
  const settledBefore = await claims.findOne({ _id, status: "completed" }, { projection: { _id: 1 } });
  return settledBefore ? "settled" : "fenced";
}
