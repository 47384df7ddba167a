import { type Collection, ObjectId } from "mongodb";
import type { ClaimDocument, ClaimResult, Fence } from "../../schemas/claims";
import { WeirError, WeirRetryableError } from "../../schemas/errors";
import { classifyHit, type Hit } from "./classify-hit";

/** How long another partition's claimant is left alone before its claim may be taken over. */
export const LEASE_MS = 5 * 60_000;
/**
 * The same for a claimant without a partition, a dead letter's delivery. Nobody takes it over by a higher epoch, and a live copy of
 * its event holds up a partition meanwhile: no longer than any delivery takes, whose budget is 30 s at most.
 */
export const LETTER_LEASE_MS = 60_000;
/** A claim that nobody ever settles is kept this long, well past any redelivery. */
const UNSETTLED_KEPT_MS = 7 * 24 * 3_600_000;
const MAX_ROUNDS = 20;
const DUPLICATE_KEY = 11_000;

export interface ClaimRequest {
  group: string;
  /** Each once; the caller has dropped the duplicates within its chunk. */
  keys: string[];
  by: Fence & { from: number; to: number };
}

export interface ClaimStore {
  claims: Collection<ClaimDocument>;
  /**
   * Keeps, durably, that the chunk is handed out, because its keys may be gone before somebody meets it again → the highest
   * offset of the partition that may have been handled before; null for none.
   */
  handOut(by: ClaimRequest["by"], group: string): Promise<number | null>;
  /** Keeps `offset` as possibly handled before, durably, before the claim that tells of it goes. */
  rememberTakeover(fence: Fence, group: string, offset: number): Promise<void>;
  now(): Date;
}

/**
 * Claims the keys of one chunk in one document. What others hold is sorted out of it, what may be taken over is;
 * never waits.
 */
export async function claim(store: ClaimStore, request: ClaimRequest): Promise<ClaimResult> {
  const id = new ObjectId();
  const duplicates = new Set<string>();
  const busy = new Set<string>();
  const redelivered = new Set<string>();
  const result = async (claimed: boolean): Promise<ClaimResult> => ({
    id: claimed ? id.toHexString() : null,
    duplicates: [...duplicates],
    busy: [...busy],
    redelivered: [...redelivered].filter((key) => !duplicates.has(key) && !busy.has(key)),
    // Read after the claim is there: whoever took over anything of it before has remembered it by now.
    redelivered_to:
      claimed && request.by.partition >= 0 ? await store.handOut(request.by, request.group) : null,
  });

  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const keys = request.keys.filter((key) => !duplicates.has(key) && !busy.has(key));
    if (keys.length === 0) return result(false);
    if (await insertClaim(store, id, request, keys)) return result(true);

    for (const hit of await hitsOf(store, keys)) {
      if (hit._id.equals(id)) return result(true);
      const kind = classifyHit(hit, request.by, store.now());
      if (kind === "superseded") throw superseded(request, hit);
      if (kind === "duplicate") for (const key of hit.hit) duplicates.add(key);
      if (kind === "busy") for (const key of hit.hit) busy.add(key);
      if (kind === "takeable" && (await takeOver(store, request, hit))) {
        for (const key of hit.hit) redelivered.add(key);
      }
    }
  }
  throw new WeirRetryableError(
    "WEIR_CLAIM_CONTENDED",
    `Could not claim ${request.keys.length} keys of group ${request.group}: others claimed and released them ${MAX_ROUNDS} times in a row. The delivery is tried again.`,
    { group: request.group },
  );
}

async function insertClaim(
  store: ClaimStore,
  id: ObjectId,
  request: ClaimRequest,
  keys: string[],
): Promise<boolean> {
  const now = store.now().getTime();
  const lease = request.by.partition < 0 ? LETTER_LEASE_MS : LEASE_MS;
  try {
    await store.claims.insertOne({
      _id: id,
      group: request.group,
      keys,
      n: keys.length,
      by: request.by,
      status: "processing",
      lease_until: new Date(now + lease),
      expires_at: new Date(now + UNSETTLED_KEPT_MS),
    });
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === DUPLICATE_KEY) return false;
    throw error;
  }
}

/** The server names one key only in its refusal; this finds every document that shares a key with ours. */
function hitsOf(store: ClaimStore, keys: string[]): Promise<Hit[]> {
  return store.claims
    .aggregate<Hit>([
      { $match: { keys: { $in: keys } } },
      {
        $project: {
          status: 1,
          by: 1,
          lease_until: 1,
          hit: { $setIntersection: ["$keys", { $literal: keys }] },
        },
      },
    ])
    .toArray();
}

/** False where the document changed since it was read: the next round reads it again. */
async function takeOver(store: ClaimStore, request: ClaimRequest, hit: Hit): Promise<boolean> {
  if (hit.by.partition >= 0) await store.rememberTakeover(hit.by, request.group, hit.by.to);
  const { deletedCount } = await store.claims.deleteOne({ _id: hit._id, status: "processing" });
  return deletedCount === 1;
}

function superseded(request: ClaimRequest, hit: Hit): WeirError {
  const { topic, partition, epoch, attempt } = request.by;
  return new WeirError(
    "WEIR_FENCED",
    `Group ${request.group} claimed for ${topic}[${partition}] with epoch ${epoch}, attempt ${attempt}, but epoch ${hit.by.epoch}, attempt ${hit.by.attempt} is already at it. The partition has another owner; nothing is committed.`,
    { group: request.group, topic, partition, epoch, attempt },
  );
}
