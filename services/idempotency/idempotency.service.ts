import type { Context } from "moleculer";
import { type MongoServiceSchema, mongoSchema } from "../../mixins/mongo-schema.mixin";
import type { BeginRequest, CallName, CompleteRequest } from "../../schemas/calls";
import type { ClaimDocument } from "../../schemas/claims";
import { type AcquireRequest, type BeginAnewRequest, progressKey } from "../../schemas/progress";
import { beginCall } from "./calls/begin";
import { completeCall, releaseCall } from "./calls/end";
import { Front } from "./calls/front";
import { type ClaimRequest, claim } from "./claim";
import { IDEMPOTENCY_KEYS, PROGRESS } from "./collections";
import { newCallCounters, newCounters } from "./counters";
import { endOpenTransactions } from "./end-transactions";
import { expireReplay } from "./expire-replay";
import { findFailedKey, findKey, type IdempotencyStats, type KeyState } from "./inspect";
import { publishMetrics } from "./metrics";
import {
  ACQUIRE,
  BEGIN,
  BEGIN_ANEW,
  CLAIM,
  COMPLETE,
  EXPIRE_REPLAY,
  GET,
  RELEASE,
  SETTLE,
  STATS,
} from "./params";
import { acquire, beginAnew, rememberTakeover } from "./progress";
import { type SettleRequest, settle } from "./settle";
import { callsOf, claimsOf, clockOf, progressOf, statsOf, type Variables } from "./stores";

/** Decides which events of a chunk and which calls are new, and fences the owners of a partition from each other. */
const idempotency: MongoServiceSchema<ClaimDocument, Variables> = {
  name: "idempotency",
  mixins: [mongoSchema(IDEMPOTENCY_KEYS, PROGRESS)],

  actions: {
    /** Claims the keys of one chunk → `ClaimResult`. Errors: WEIR_FENCED, WEIR_CLAIM_CONTENDED. */
    claim: {
      visibility: "public",
      params: CLAIM,
      async handler(ctx: Context<ClaimRequest>) {
        const result = await claim(claimsOf(this), ctx.params);
        this.counters.claimed += ctx.params.keys.length - result.duplicates.length - result.busy.length;
        this.counters.duplicates += result.duplicates.length;
        this.counters.busy += result.busy.length;
        return result;
      },
    },
    /** Ends a claim → `"settled" | "fenced"`. */
    settle: {
      visibility: "public",
      params: SETTLE,
      async handler(ctx: Context<SettleRequest>) {
        const { release, from } = ctx.params;
        if (from && from.partition >= 0 && release.length > 0) {
          await rememberTakeover(progressOf(this), from, from.group, from.to);
        }
        const result = await settle(this.collection, ctx.params, clockOf(this)());
        this.counters[result] += 1;
        return result;
      },
    },
    /** Makes the calling bridge the owner of a partition → `Ownership`. */
    acquire: {
      visibility: "public",
      params: ACQUIRE,
      async handler(ctx: Context<AcquireRequest>) {
        const { group, topic, partition } = ctx.params;
        await endOpenTransactions(this.adapter.db, progressKey(group, topic, partition), (error) =>
          this.logger.debug("MongoDB does not let this user end an earlier owner's sessions", error),
        );
        return acquire(progressOf(this), ctx.params, clockOf(this)());
      },
    },
    /** Begins the run of offsets that `acquire` offered, after Kafka has taken a commit that names it. Error: WEIR_FENCED. */
    beginAnew: {
      visibility: "public",
      params: BEGIN_ANEW,
      handler(ctx: Context<BeginAnewRequest>) {
        return beginAnew(progressOf(this), this.collection, ctx.params, clockOf(this)());
      },
    },
    /** Claims a key for a single call → `BeginAnswer`. Error: WEIR_CLAIM_CONTENDED. */
    begin: {
      visibility: "public",
      params: BEGIN,
      handler(ctx: Context<BeginRequest>) {
        return beginCall(callsOf(this), ctx.params);
      },
    },
    /** Keeps what a call returned → `CompleteAnswer`. */
    complete: {
      visibility: "public",
      params: COMPLETE,
      handler(ctx: Context<CompleteRequest>) {
        return completeCall(callsOf(this), ctx.params);
      },
    },
    /** Gives the key of a call that failed back → `"released" | "gone"`. */
    release: {
      visibility: "public",
      params: RELEASE,
      handler(ctx: Context<CallName>) {
        return releaseCall(callsOf(this), ctx.params);
      },
    },
    /** Lets the handled keys of a replay that has ended expire within the hour → `{ claims }`. */
    expireReplay: {
      visibility: "public",
      params: EXPIRE_REPLAY,
      handler(ctx: Context<{ replay: string; groups: string[] }>) {
        return expireReplay(this.collection, ctx.params, clockOf(this)());
      },
    },
    /** → `KeyState`: who holds a key, or the open letter of what failed under it; null for neither. */
    get: {
      params: GET,
      async handler(ctx: Context<{ key: string }>): Promise<KeyState | null> {
        const { key } = ctx.params;
        const letters = () => this.adapter.db.collection("dead_letters");
        return (await findKey(this.collection, key)) ?? findFailedKey(letters(), key);
      },
    },
    /** → `IdempotencyStats`: what is stored, and what this node has counted since it started. */
    stats: {
      params: STATS,
      handler(): Promise<IdempotencyStats> {
        return statsOf(this);
      },
    },
  },

  created() {
    this.counters = newCounters();
    this.callCounters = newCallCounters();
    this.front = new Front();
  },

  async started() {
    this.endMetrics = publishMetrics(this.broker, () => statsOf(this));
  },

  async stopped() {
    this.endMetrics?.();
  },
};

export default idempotency;
