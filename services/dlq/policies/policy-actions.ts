import { type Context, Errors, type ServiceBroker, type ServiceSchema } from "moleculer";
import type { Collection } from "mongodb";
import type { MongoCollections, MongoServiceSchema } from "../../../mixins/mongo-schema.mixin";
import { configurationOf } from "../../../schemas/configuration/broker-configuration";
import { type DlqPolicy, policyProblem } from "../../../schemas/dlq-policy";
import { BY, REASON, STRICT } from "../../../schemas/query-params";
import type { Letter } from "../letter";
import type { Time } from "../time";
import {
  currentPolicies,
  forgetPolicy,
  type PolicyRow,
  type StoredPolicy,
  storePolicy,
} from "./stored-policies";

type SetPolicy = DlqPolicy & { by: string; note?: string };

function storeOf(service: MongoCollections<Letter>): Collection<StoredPolicy> {
  return service.collections.dlq_policies as unknown as Collection<StoredPolicy>;
}

/** Those that hold now; read anew each time, so that a change holds for every gateway at once. */
export function policiesOf(
  service: MongoCollections<Letter> & { broker: ServiceBroker },
): Promise<PolicyRow[]> {
  return currentPolicies(storeOf(service), configurationOf(service.broker).dlq.policies);
}

const schema: Pick<MongoServiceSchema<Letter, { time: Time }>, "actions"> = {
  actions: {
    /** → `PolicyRow[]`: the configured ones, then the stored ones, each overriding equals before it. */
    policies: {
      params: { ...STRICT },
      handler(): Promise<PolicyRow[]> {
        return policiesOf(this);
      },
    },

    /** Holds from the next failure on, for every gateway → `PolicyRow`. It replaces the stored one with the same `match`. */
    setPolicy: {
      params: {
        ...STRICT,
        match: { type: "object" },
        retry: { type: "object" },
        by: BY,
        note: { ...REASON, optional: true },
      },
      handler(ctx: Context<SetPolicy>): Promise<PolicyRow> {
        const { match, retry, by, note } = ctx.params;
        const problem = policyProblem({ match, retry });
        if (problem) {
          throw new Errors.ValidationError(`The policy is not valid: ${problem}`, "VALIDATION_ERROR", [
            { type: "policy", field: problem.split(" ")[0], message: problem },
          ]);
        }
        return storePolicy(storeOf(this), { match, retry }, { by, note, now: this.time.now() });
      },
    },

    /** Forgets a stored policy → `{ id }`. Error: WEIR_DLQ_POLICY_NOT_FOUND. */
    removePolicy: {
      params: { ...STRICT, id: { type: "string", pattern: /^[0-9a-f]{24}$/ } },
      async handler(ctx: Context<{ id: string }>): Promise<{ id: string }> {
        const { id } = ctx.params;
        await forgetPolicy(storeOf(this), configurationOf(this.broker).dlq.policies, id);
        return { id };
      },
    },
  },
};

/** The part of the dlq service that shows and changes retry policies: a mixin. */
export const policyActions = schema as Partial<ServiceSchema>;
