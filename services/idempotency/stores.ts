import type { Collection } from "mongodb";
import { serverTime } from "../../mixins/mongo/server-clock";
import type { MongoCollections } from "../../mixins/mongo-schema.mixin";
import type { ClaimDocument } from "../../schemas/claims";
import type { ProgressDocument } from "../../schemas/progress";
import type { CallStore } from "./calls/call-store";
import type { Front } from "./calls/front";
import type { ClaimStore } from "./claim";
import type { CallCounters, Counters } from "./counters";
import { type IdempotencyStats, idempotencyStats } from "./inspect";
import { handOut, rememberTakeover } from "./progress";

/** What the service keeps in memory. */
export interface Variables {
  counters: Counters;
  callCounters: CallCounters;
  front: Front;
  endMetrics?: () => void;
}

type IdempotencyService = MongoCollections<ClaimDocument> & Variables;

/** By MongoDB's clock: what one gateway writes, another one compares. */
export const clockOf =
  ({ adapter }: Pick<IdempotencyService, "adapter">) =>
  () =>
    serverTime(adapter.uri);

export function claimsOf(service: IdempotencyService): ClaimStore {
  return {
    claims: service.collection,
    handOut: (by, group) => handOut(progressOf(service), by, group),
    rememberTakeover: (fence, group, offset) => {
      service.counters.takeovers += 1;
      return rememberTakeover(progressOf(service), fence, group, offset);
    },
    now: clockOf(service),
  };
}

export function callsOf(service: IdempotencyService): CallStore {
  const { collection, front, callCounters } = service;
  return { claims: collection, front, counters: callCounters, now: clockOf(service) };
}

export function progressOf({ collections }: IdempotencyService): Collection<ProgressDocument> {
  return collections.progress as Collection<ProgressDocument>;
}

export function statsOf({
  collection,
  counters,
  callCounters,
  front,
}: IdempotencyService): Promise<IdempotencyStats> {
  return idempotencyStats(collection, { node: counters, calls: callCounters, front: front.stats() });
}
