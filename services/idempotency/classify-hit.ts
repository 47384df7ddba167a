import type { ClaimDocument, Fence } from "../../schemas/claims";

/** The part of another claim's document that decides what becomes of the keys it shares with ours. */
export interface Hit extends Pick<ClaimDocument, "_id" | "status" | "by" | "lease_until"> {
  /** The keys that both documents name. */
  hit: string[];
}

export type HitKind =
  /** Handled for good. */
  | "duplicate"
  /** Its claimant owns the partition, or the redrive, no more, gave up, or let its lease run out. */
  | "takeable"
  /** Somebody is at it. */
  | "busy"
  /** A later owner of our own partition is at it: it is we who own it no more. */
  | "superseded";

export function classifyHit(hit: Hit, by: Fence, now: Date): HitKind {
  if (hit.status === "completed") return "duplicate";
  // Without a partition an epoch is that of a redrive's owner, and the topic names the redrive; 0: nobody's.
  const fenced = by.partition >= 0 || (by.epoch > 0 && hit.by.epoch > 0);
  const samePartition = fenced && hit.by.topic === by.topic && hit.by.partition === by.partition;
  if (samePartition) {
    const order = compareFences(hit.by, by);
    if (order < 0) return "takeable";
    if (order > 0) return "superseded";
  }
  return hit.lease_until && hit.lease_until <= now ? "takeable" : "busy";
}

/** Negative where `a` is the older one. */
export function compareFences(
  a: Pick<Fence, "epoch" | "attempt">,
  b: Pick<Fence, "epoch" | "attempt">,
): number {
  return a.epoch - b.epoch || a.attempt - b.attempt;
}
