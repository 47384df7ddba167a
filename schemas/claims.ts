import type { ObjectId } from "mongodb";

/** Who claims: the owner of a partition is known by its epoch, its deliveries by the attempt. */
export interface Fence {
  topic: string;
  /** -1: no partition. With the epoch 0 such a claim is only ever taken over when its lease is over; else its topic names a redrive. */
  partition: number;
  epoch: number;
  attempt: number;
}

/** `idempotency_keys`: one document per chunk; the unit of settlement, never handed from one owner to another. */
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

/** The answer of `idempotency.claim`. */
export interface ClaimResult {
  /** The claim to settle, as 24 hex digits; null where no key was left to claim. */
  id: string | null;
  duplicates: string[];
  busy: string[];
  /** Claimed keys that an earlier claimant may already have handled. */
  redelivered: string[];
  /** The highest offset of this partition that an earlier claimant had in hand; null where there was none. */
  redelivered_to: number | null;
}
