import type { Collection, FindOneAndUpdateOption } from "mongodb";
import { storedKey } from "../../../mixins/idempotency/stored-key";
import type { ClaimDocument } from "../../../schemas/claims";
import type { CallCounters } from "../counters";
import type { Front } from "./front";

/** What the single calls need: one document for each, among those of the chunks. */
export interface CallStore {
  claims: Collection<ClaimDocument>;
  front: Front;
  counters: CallCounters;
  now(): Date;
}

/** A single call's document. */
export type CallDocument = ClaimDocument & { claimant: string; fingerprint: string };

// The driver knows the option, its types do not.
export const AFTER = { returnDocument: "after" } as FindOneAndUpdateOption<ClaimDocument>;

/** No group of a plugin can have such a name. */
export function callGroup(scope: string): string {
  return `call:${scope}`;
}

export function callKey(scope: string, key: string): string {
  return storedKey(`${callGroup(scope)}|${key}`);
}
