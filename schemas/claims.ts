import type { ObjectId } from "mongodb";
import type { KeptResult } from "./calls";

/** Who claims: the owner of a partition is known by its epoch, its deliveries by the attempt. */
export interface Fence {
  topic: string;
  /** -1: no partition. With the epoch 0 such a claim is only ever taken over when its lease is over; else its topic names a redrive. */
  partition: number;
  epoch: number;
  attempt: number;
}

/** `idempotency_keys`: one document per chunk or call; the unit of settlement, never handed from one owner to another. */
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
  /** Of a single call alone: who executes or has executed it. It changes when the lease is over; `by.attempt` counts that. */
  claimant?: string;
  /** Of a single call: what it asked for. */
  fingerprint?: string;
  completed_at?: Date;
  result?: KeptResult;
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
