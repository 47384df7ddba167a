import { ObjectId, type UpdateQuery } from "mongodb";
import { type BeginAnswer, type BeginRequest, CALL_LEASE_MS } from "../../../schemas/calls";
import type { ClaimDocument } from "../../../schemas/claims";
import { WeirRetryableError } from "../../../schemas/errors";
import { AFTER, type CallDocument, type CallStore, callGroup, callKey } from "./call-store";
import type { KnownCall } from "./front";

/** A call that nobody ever ends is remembered this long: until then its key cannot be used for something else. */
const UNSETTLED_KEPT_MS = 7 * 24 * 3_600_000;
const MAX_ROUNDS = 20;
const DUPLICATE_KEY = 11_000;

/** Claims one key for one call, or says what became of the call that has it. Never waits. */
export async function beginCall(store: CallStore, request: BeginRequest): Promise<BeginAnswer> {
  const key = callKey(request.scope, request.key);
  const known = store.front.find(key, store.now());
  const answer = known ? answerOf(request, known) : await claimOrFind(store, request, key);
  if (answer.status === "claimed") store.counters.claimed += 1;
  if (answer.status === "completed") store.counters.answered += 1;
  if (answer.status === "in_flight") store.counters.in_flight += 1;
  if (answer.status === "conflict") store.counters.conflicts += 1;
  return answer;
}

async function claimOrFind(store: CallStore, request: BeginRequest, key: string): Promise<BeginAnswer> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if (await insertCall(store, request, key)) return { status: "claimed", taken_over: false };
    const found = (await store.claims.findOne({ keys: key })) as CallDocument | null;
    if (!found) continue;
    const answer = judge(found, request, store.now());
    if (answer) return answer;
    const taken = await takeOver(store, found, request);
    if (taken) return taken;
  }
  throw new WeirRetryableError(
    "WEIR_CLAIM_CONTENDED",
    `Could not claim a key of ${request.scope}: others claimed and released it ${MAX_ROUNDS} times in a row. Try the call again.`,
    { scope: request.scope },
  );
}

/** Null where the call that has the key counts no more: its answer has expired, or its lease is over. */
function judge(found: CallDocument, request: BeginRequest, now: Date): BeginAnswer | null {
  if (found.status === "completed" && found.expires_at <= now) return null;
  if (found.fingerprint !== request.fingerprint) return { status: "conflict" };
  if (found.status === "completed") return answerOf(request, knownCall(found));
  if (found.claimant === request.id) return { status: "claimed", taken_over: found.by.attempt > 0 };
  const retry_after_ms = Number(found.lease_until) - now.getTime();
  return retry_after_ms > 0 ? { status: "in_flight", retry_after_ms } : null;
}

async function insertCall(store: CallStore, request: BeginRequest, key: string): Promise<boolean> {
  const { scope } = request;
  const by = { topic: scope, partition: -1, epoch: 0, attempt: 0, from: 0, to: 0 };
  try {
    await store.claims.insertOne({
      _id: new ObjectId(),
      group: callGroup(scope),
      keys: [key],
      n: 1,
      by,
      ...claimOf(request, store.now()),
    });
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === DUPLICATE_KEY) return false;
    throw error;
  }
}

/**
 * In one write, so that nobody comes in between and is not told that an earlier call may have taken effect. The earlier one is
 * fenced: it is not the claimant any more. Null where the document is not as it was read.
 */
async function takeOver(
  store: CallStore,
  { _id, claimant, status, expires_at, by }: CallDocument,
  request: BeginRequest,
): Promise<BeginAnswer | null> {
  const unsettled = status === "processing";
  const update = {
    $set: { ...claimOf(request, store.now()), "by.attempt": unsettled ? by.attempt + 1 : 0 },
    $unset: { completed_at: "", result: "" },
  } as unknown as UpdateQuery<ClaimDocument>;
  const { value } = await store.claims.findOneAndUpdate({ _id, claimant, status, expires_at }, update, AFTER);
  if (!value) return null;
  if (unsettled) store.counters.takeovers += 1;
  return { status: "claimed", taken_over: unsettled };
}

function claimOf({ id, fingerprint, lease_ms = CALL_LEASE_MS }: BeginRequest, now: Date) {
  const lease_until = new Date(now.getTime() + lease_ms);
  const expires_at = new Date(lease_until.getTime() + UNSETTLED_KEPT_MS);
  return { status: "processing" as const, claimant: id, fingerprint, lease_until, expires_at };
}

function knownCall({ fingerprint, completed_at, expires_at, result }: CallDocument): KnownCall {
  return { fingerprint, completed_at: completed_at ?? expires_at, expires_at, result: result ?? {} };
}

function answerOf(request: BeginRequest, known: KnownCall): BeginAnswer {
  if (known.fingerprint !== request.fingerprint) return { status: "conflict" };
  const completed_at = known.completed_at.toISOString();
  const { json, omitted } = known.result;
  if (omitted) return { status: "completed", completed_at, omitted };
  if (json === undefined) return { status: "completed", completed_at };
  const bytes = Buffer.byteLength(json);
  if (bytes > (request.max_result_bytes ?? bytes))
    return { status: "completed", completed_at, omitted: { why: "too_large_for_transporter", bytes } };
  return { status: "completed", completed_at, result: JSON.parse(json) };
}
