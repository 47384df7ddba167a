import type { CollectionDeclaration } from "../../mixins/mongo-schema.mixin";

export const DEAD_LETTERS: CollectionDeclaration = {
  collection: "dead_letters",
  description: "What could not be delivered: the message's bytes, why it failed, and what was done about it.",
  indexes: [
    {
      name: "identity_open",
      key: { identity: 1 },
      unique: true,
      required: true,
      partialFilterExpression: { open: true },
      description: "a message or an event of a group is one letter, until that is closed",
    },
    { key: { status: 1, next_retry_at: 1 }, description: "letters by status; those that are due" },
    {
      key: { status: 1, group: 1, next_retry_at: 1 },
      partialFilterExpression: { status: "scheduled" },
      description: "letters of one group that are due",
    },
    { key: { "news.at": 1 }, sparse: true, description: "letters of which Kafka is still to be told" },
    { key: { event_type: 1 }, description: "letters of one event type" },
    { key: { original_topic: 1 }, description: "letters from one topic" },
    { key: { failed_at: -1 }, description: "the latest letters, and those of a time" },
    { key: { reason: 1 }, description: "letters with one reason" },
    { key: { fingerprint: 1, failed_at: -1 }, description: "letters of one cause" },
    {
      key: { lane: 1, open: 1, lane_offset: 1, reason: 1 },
      partialFilterExpression: { lane: { $exists: true } },
      description: "what stands first in the order of a Kafka key, where a group keeps that strictly",
    },
    {
      key: { expires_at: 1 },
      expireAfterSeconds: 0,
      description: "removes a letter at its time: seven days, the configured time, or never",
    },
  ],
};
