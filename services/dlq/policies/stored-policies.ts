import { createHash } from "node:crypto";
import type { Collection } from "mongodb";
import type { CollectionDeclaration } from "../../../mixins/mongo-schema.mixin";
import type { DlqPolicy, PolicyMatch } from "../../../schemas/dlq-policy";
import { WeirError } from "../../../schemas/errors";

export const POLICIES: CollectionDeclaration = {
  collection: "dlq_policies",
  description: "When which dead letters are retried by themselves, as set while the gateway runs.",
};

/** A document of `dlq_policies`. */
export interface StoredPolicy extends DlqPolicy {
  _id: string;
  set_at: Date;
  by: string;
  note?: string;
}

/** A policy as `dlq.policies` shows it. */
export interface PolicyRow extends DlqPolicy {
  id: string;
  /** `configuration`: by WEIR_DLQ_POLICIES; `stored`: by dlq.setPolicy. */
  source: "configuration" | "stored";
  /** RFC 3339; only of stored ones, as are `by` and `note`. */
  set_at?: string;
  by?: string;
  note?: string;
}

/** Made of what the policy is for: two with the same `match` are one. */
export function policyId({ event_type, topic, group, reason }: PolicyMatch): string {
  const parts = JSON.stringify([event_type ?? null, topic ?? null, group ?? null, reason ?? null]);
  return createHash("sha256").update(parts).digest("hex").slice(0, 24);
}

/** Those that hold now: the configured ones, then the stored ones in the order in which they were set. */
export async function currentPolicies(
  collection: Collection<StoredPolicy>,
  configured: readonly DlqPolicy[],
): Promise<PolicyRow[]> {
  const stored = await collection.find({}).sort({ set_at: 1, _id: 1 }).toArray();
  return [
    ...configured.map(
      ({ match, retry }): PolicyRow => ({ id: policyId(match), source: "configuration", match, retry }),
    ),
    ...stored.map(({ _id, set_at, ...policy }): PolicyRow => {
      return { id: _id, source: "stored", ...policy, set_at: set_at.toISOString() };
    }),
  ];
}

/** Takes the place of the stored one with the same `match`. */
export async function storePolicy(
  collection: Collection<StoredPolicy>,
  { match, retry }: DlqPolicy,
  { by, note, now }: { by: string; note?: string; now: Date },
): Promise<PolicyRow> {
  const _id = policyId(match);
  const policy = { match, retry, by, ...(note !== undefined && { note }) };
  await collection.replaceOne({ _id }, { _id, ...policy, set_at: now }, { upsert: true });
  return { id: _id, source: "stored", ...policy, set_at: now.toISOString() };
}

/** Throws WEIR_DLQ_POLICY_NOT_FOUND where nothing of that id is stored. */
export async function forgetPolicy(
  collection: Collection<StoredPolicy>,
  configured: readonly DlqPolicy[],
  id: string,
): Promise<void> {
  const { deletedCount } = await collection.deleteOne({ _id: id });
  if (deletedCount === 1) return;
  const message = configured.some(({ match }) => policyId(match) === id)
    ? `Policy ${id} comes from WEIR_DLQ_POLICIES and cannot be removed here: change the setting, or set a policy with the same \`match\`, which overrides it.`
    : `No policy has the id ${id}; dlq.policies shows what there is.`;
  throw new WeirError("WEIR_DLQ_POLICY_NOT_FOUND", message, { id });
}
