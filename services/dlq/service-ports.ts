import type { ServiceBroker } from "moleculer";
import type { Collection } from "mongodb";
import type { MongoCollections } from "../../mixins/mongo-schema.mixin";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import type { DlqPolicy } from "../../schemas/dlq-policy";
import type { Redelivery, RedeliveryResult } from "../../schemas/redelivery";
import { isHeard } from "../runtime/is-heard";
import type { FailureGroup } from "./grouping/group";
import { reopen } from "./grouping/set-group";
import type { Letter, Transition } from "./letter";
import { newsOf } from "./news/news-of";
import { planRetry } from "./policies/plan-retry";
import type { LetterPorts } from "./ports";
import type { RetryPorts } from "./retry";
import type { DlqState } from "./state";
import type { Time } from "./time";

/** What the dlq service's own code is given of it. */
export interface DlqService extends MongoCollections<Letter> {
  broker: ServiceBroker;
  time: Time;
}

// A delivery may wait for a plugin's whole chunk budget.
const REDELIVERY_TIMEOUT_MS = 60_000;

export function letterPorts({ broker, collection, collections, time }: DlqService): LetterPorts {
  const { deadLetterTtlDays, dlq } = configurationOf(broker);
  return {
    collection,
    ttlDays: deadLetterTtlDays,
    now: () => time.now(),
    news: newsOf(dlq),
    tell(what: Transition, { _id, reason, event_id, event_type, group, expires_at }: Letter) {
      if (!isHeard(broker, `dlq.message.${what}`)) return;
      const told = { id: _id.toHexString(), reason, event_id, event_type, group };
      const message = what === "expiring" ? { ...told, expires_at: expires_at?.toISOString() } : told;
      broker.emit(`dlq.message.${what}`, message).catch(() => {});
    },
    reopen: (fingerprints) =>
      reopen(collections.dlq_groups as unknown as Collection<FailureGroup>, fingerprints, time.now()),
  };
}

/** `call` is the context's, so that a trace leads to the plugin; without one the broker's. */
export function redeliverBy(call: ServiceBroker["call"]): RetryPorts["redeliver"] {
  return (letter: Redelivery) =>
    call<RedeliveryResult, object>("bridge.redeliver", { letter }, { timeout: REDELIVERY_TIMEOUT_MS });
}

export function planBy({ time }: DlqService, policies: readonly DlqPolicy[]): RetryPorts["plan"] {
  return (letter) => planRetry(policies, letter, time.now(), time.random());
}

export function stateOf({ collections }: DlqService): Collection<DlqState> {
  return collections.dlq_state as unknown as Collection<DlqState>;
}
