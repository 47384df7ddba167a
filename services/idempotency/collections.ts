import type { CollectionDeclaration } from "../../mixins/mongo-schema.mixin";

export const IDEMPOTENCY_KEYS: CollectionDeclaration = {
  collection: "idempotency_keys",
  description:
    "Which events a group has in hand or has handled, a document for each chunk; which calls are to be executed once, one for each.",
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
    {
      name: "in_hand",
      key: { status: 1 },
      partialFilterExpression: { status: "processing" },
      description: "how many chunks and calls are in hand; what is done is not in it",
    },
  ],
};

export const PROGRESS: CollectionDeclaration = {
  collection: "progress",
  description: "Who owns a group's partition, and since when.",
};
