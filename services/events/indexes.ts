import type { IndexDeclaration } from "../../mixins/mongo-schema.mixin";

/** Every index costs each stored event: one is added only for a query that the service really makes. */
export const eventIndexes: IndexDeclaration[] = [
  {
    name: "event_id_unique",
    key: { event_id: 1 },
    unique: true,
    required: true,
    description: "an event is stored once, however often it is sent",
  },
  {
    name: "by_time",
    key: { timestamp: -1, _id: -1 },
    description:
      "the newest events, those of a time; lists that go on from a cursor, exports and replays in order of time",
  },
  {
    name: "correlation_by_time",
    key: { "metadata.correlation_id": 1, timestamp: -1 },
    partialFilterExpression: { "metadata.correlation_id": { $exists: true } },
    description: "events.chain, for events that have one",
  },
  { name: "type_by_time", key: { event_type: 1, timestamp: -1 }, description: "the newest events of a type" },
  {
    name: "aggregate_by_time",
    key: { aggregate_id: 1, timestamp: -1 },
    description: "what happened to one order, payment or user",
  },
  {
    name: "user_by_time",
    key: { "metadata.user_id": 1, timestamp: -1 },
    description: "what happened on behalf of a user",
  },
  {
    name: "service_by_time",
    key: { "metadata.service_name": 1, timestamp: -1 },
    description: "what a service has sent",
  },
  {
    name: "type_of_aggregate",
    key: { event_type: 1, aggregate_id: 1 },
    description: "events of one type about one thing",
  },
  {
    name: "user_of_type",
    key: { "metadata.user_id": 1, event_type: 1 },
    description: "events of one type on behalf of a user",
  },
  {
    name: "status_by_time",
    key: { status: 1, stored_at: -1 },
    description: "what was stored last, by status",
  },
  {
    name: "search",
    key: {
      event_type: "text",
      aggregate_id: "text",
      "metadata.service_name": "text",
      "metadata.user_id": "text",
      "metadata.correlation_id": "text",
    },
    default_language: "none",
    // A text index takes a member named `language` for its own, and refuses what it does not know. The envelope reserves this name.
    language_override: "search_language",
    description: "events.search",
  },
  {
    name: "expiry",
    key: { ttl_expires_at: 1 },
    expireAfterSeconds: 0,
    description: "a stored event is kept for WEIR_EVENT_TTL_DAYS",
  },
];
