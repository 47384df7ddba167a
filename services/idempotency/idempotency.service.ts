import type { Context } from "moleculer";
import type { Collection } from "mongodb";
import { type MongoCollections, type MongoServiceSchema, mongoSchema } from "../../mixins/mongo-schema.mixin";
import type { ClaimDocument } from "../../schemas/claims";
import {
  type AcquireRequest,
  type BeginAnewRequest,
  type ProgressDocument,
  progressKey,
} from "../../schemas/progress";
import { type ClaimRequest, type ClaimStore, claim } from "./claim";
import { type Counters, newCounters } from "./counters";
import { endOpenTransactions } from "./end-transactions";
import { expireReplay } from "./expire-replay";
import { findKey, type IdempotencyStats, idempotencyStats } from "./inspect";
import { acquire, beginAnew, handOut, rememberTakeover } from "./progress";
import { type SettleRequest, settle } from "./settle";

interface Variables {
  counters: Counters;
}

type IdempotencyService = MongoCollections<ClaimDocument> & Variables;

const text = { type: "string", min: 1 };
const partition = { type: "number", integer: true };

function storeOf(service: IdempotencyService): ClaimStore {
  return {
    claims: service.collection,
    handOut: (by, group) => handOut(progressOf(service), by, group),
    rememberTakeover: (fence, group, offset) => {
      service.counters.takeovers += 1;
      return rememberTakeover(progressOf(service), fence, group, offset);
    },
    now: () => new Date(),
  };
}

function progressOf(service: IdempotencyService): Collection<ProgressDocument> {
  return service.collections.progress as Collection<ProgressDocument>;
}

/** Decides which events of a chunk are new, and fences the owners of a partition from each other. */
const idempotency: MongoServiceSchema<ClaimDocument, Variables> = {
  name: "idempotency",
  mixins: [
    mongoSchema(
      {
        collection: "idempotency_keys",
        description: "Which events a group has in hand or has handled, a document for each chunk.",
        indexes: [
          {
            name: "keys_unique",
            key: { keys: 1 },
            unique: true,
            required: true,
            description: "an event is claimed once: MongoDB refuses a second document with the same key",
          },
          {
            name: "expiry",
            key: { expires_at: 1 },
            expireAfterSeconds: 0,
            description: "a handled key absorbs duplicates until then (one hour by default)",
          },
          {
            name: "by_partition",
            key: { group: 1, "by.topic": 1, "by.partition": 1, "by.to": 1 },
            description: "what a reset of a group's offsets makes unhandled again",
          },
        ],
      },
      { collection: "progress", description: "Who owns a group's partition, and since when." },
    ),
  ],

  actions: {
    /** Claims the keys of one chunk → `ClaimResult`. Errors: WEIR_FENCED, WEIR_CLAIM_CONTENDED. */
    claim: {
      visibility: "public",
      params: { group: text, keys: { type: "array", items: "string" }, by: "object" },
      async handler(ctx: Context<ClaimRequest>) {
        const result = await claim(storeOf(this), ctx.params);
        this.counters.claimed += ctx.params.keys.length - result.duplicates.length - result.busy.length;
        this.counters.duplicates += result.duplicates.length;
        this.counters.busy += result.busy.length;
        return result;
      },
    },
    /** Ends a claim → `"settled" | "fenced"`. */
    settle: {
      visibility: "public",
      params: {
        id: { type: "string", length: 24, hex: true },
        release: { type: "array", items: "string" },
        claimed: { type: "number", integer: true, min: 1 },
        ttl_ms: { type: "number", integer: true, min: 1 },
        from: { type: "object", optional: true },
      },
      async handler(ctx: Context<SettleRequest>) {
        const { release, from } = ctx.params;
        if (from && from.partition >= 0 && release.length > 0) {
          await rememberTakeover(progressOf(this), from, from.group, from.to);
        }
        const result = await settle(storeOf(this).claims, ctx.params, new Date());
        this.counters[result] += 1;
        return result;
      },
    },
    /** Makes the calling bridge the owner of a partition → `Ownership`. */
    acquire: {
      visibility: "public",
      params: {
        group: text,
        topic: text,
        partition,
        committed_progress_id: { type: "string", nullable: true },
      },
      async handler(ctx: Context<AcquireRequest>) {
        const { group, topic, partition } = ctx.params;
        await endOpenTransactions(this.adapter.db, progressKey(group, topic, partition), (error) =>
          this.logger.debug("MongoDB does not let this user end an earlier owner's sessions", error),
        );
        return acquire(progressOf(this), ctx.params, new Date());
      },
    },
    /** Begins the run of offsets that `acquire` offered, after Kafka has taken a commit that names it. Error: WEIR_FENCED. */
    beginAnew: {
      visibility: "public",
      params: {
        group: text,
        topic: text,
        partition,
        epoch: { type: "number", integer: true },
        progress_id: text,
        from: { type: "number", integer: true },
      },
      handler(ctx: Context<BeginAnewRequest>) {
        return beginAnew(progressOf(this), storeOf(this).claims, ctx.params, new Date());
      },
    },
    /** Lets the handled keys of a replay that has ended expire within the hour → `{ claims }`. */
    expireReplay: {
      visibility: "public",
      params: { replay: text, groups: { type: "array", items: "string" } },
      handler(ctx: Context<{ replay: string; groups: string[] }>) {
        return expireReplay(storeOf(this).claims, ctx.params, new Date());
      },
    },
    /** → `{ key, group, status, by, expires_at }`, or null for a key that nobody holds. */
    get: {
      params: { key: text },
      handler(ctx: Context<{ key: string }>) {
        return findKey(storeOf(this).claims, ctx.params.key);
      },
    },
    /** → `IdempotencyStats`: what is stored, and what this node has counted since it started. */
    stats: {
      handler(): Promise<IdempotencyStats> {
        return idempotencyStats(storeOf(this).claims, this.counters);
      },
    },
  },

  created() {
    this.counters = newCounters();
  },
};

export default idempotency;
