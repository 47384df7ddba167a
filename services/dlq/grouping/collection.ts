import type { CollectionDeclaration } from "../../../mixins/mongo-schema.mixin";

export const DLQ_GROUPS: CollectionDeclaration = {
  collection: "dlq_groups",
  description:
    "What people said of each cause of failures, by its fingerprint: acknowledged, resolved, ignored, by whom.",
  indexes: [{ key: { status: 1 }, description: "causes by status; those that may reopen" }],
};
