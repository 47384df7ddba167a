import type { UpdateQuery } from "mongodb";
import {
  type CallName,
  type CompleteAnswer,
  type CompleteRequest,
  type KeptResult,
  keptResult,
  type ReleaseAnswer,
} from "../../../schemas/calls";
import type { ClaimDocument } from "../../../schemas/claims";
import { AFTER, type CallDocument, type CallStore, callKey } from "./call-store";

/** Keeps what a call returned, in one write. Doing it twice is doing it once. */
export async function completeCall(store: CallStore, request: CompleteRequest): Promise<CompleteAnswer> {
  const now = store.now();
  const key = callKey(request.scope, request.key);
  const own = { keys: key, claimant: request.id };
  const result: KeptResult = request.omitted ? { omitted: request.omitted } : keptResult(request.result);
  const expires_at = new Date(now.getTime() + request.ttl_ms);
  const update = {
    $set: { status: "completed", completed_at: now, expires_at, result },
    $unset: { lease_until: "" },
  };
  const { value } = await store.claims.findOneAndUpdate(
    { ...own, status: "processing" },
    update as unknown as UpdateQuery<ClaimDocument>,
    AFTER,
  );
  if (value) {
    // The write was acknowledged by a majority: nothing undoes it any more.
    const { fingerprint } = value as CallDocument;
    store.front.remember(key, { fingerprint, completed_at: now, expires_at, result }, now);
    if (result.omitted) store.counters.omitted += 1;
  }
  // The first answer may have been lost: completed under our own id can only be our own doing.
  const settled = value ?? (await store.claims.findOne({ ...own, status: "completed" }));
  store.counters[settled ? "settled" : "fenced"] += 1;
  if (!settled) return { status: "fenced" };
  return { status: "settled", ...(settled.result?.omitted && { omitted: settled.result.omitted }) };
}

/** Gives the key of a call that failed back: the next call under it is executed. */
export async function releaseCall(store: CallStore, { id, scope, key }: CallName): Promise<ReleaseAnswer> {
  const { deletedCount } = await store.claims.deleteOne({
    keys: callKey(scope, key),
    claimant: id,
    status: "processing",
  });
  if (deletedCount !== 1) return "gone";
  store.counters.released += 1;
  return "released";
}
