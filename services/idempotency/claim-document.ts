import type { ObjectId } from "mongodb";

/** Who claims: the owner of a partition is known by its epoch, its deliveries by the attempt. */
export interface Fence {
  topic: string;
  /** -1: no partition; such a claim is only ever taken over when its lease is over. */
  partition: number;
  epoch: number;
  attempt: number;
}

/** One document per chunk; the unit of settlement, never handed from one owner to another. */
export interface ClaimDocument {
  /** Made by the claimant, so that a claim whose answer was lost is recognised as its own. */
  _id: ObjectId;
  group: string;
  /** `<group>|<the strategy's key>`; unique over all documents. */
  keys: string[];
  /** How many keys were claimed at first. */
  n: number;
  by: Fence & { from: number; to: number };
  status: "processing" | "completed";
  lease_until?: Date;
  expires_at: Date;
}

/** The part of another claim's document that decides what becomes of the keys it shares with ours. */
export interface Hit extends Pick<ClaimDocument, "_id" | "status" | "by" | "lease_until"> {
  /** The keys that both documents name. */
  hit: string[];
}

export type HitKind =
  /** Handled for good. */
  | "duplicate"
  /** Its claimant owns the partition no more, gave up, or let its lease run out. */
  | "takeable"
  /** Somebody is at it. */
  | "busy"
  /** A later owner of our own partition is at it: it is we who own it no more. */
  | "superseded";

export function classifyHit(hit: Hit, by: Fence, now: Date): HitKind {
  if (hit.status === "completed") return "duplicate";
  const samePartition = by.partition >= 0 && hit.by.topic === by.topic && hit.by.partition === by.partition;
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
