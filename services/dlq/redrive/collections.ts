import type { CollectionDeclaration } from "../../../mixins/mongo-schema.mixin";

const expiry = {
  key: { expires_at: 1 },
  expireAfterSeconds: 0,
  description: "an ended redrive is kept for 30 days",
} as const;

export const REDRIVES: CollectionDeclaration = {
  collection: "redrives",
  description:
    "Jobs that hand dead letters over again: what was asked for, how far each is, and who is at it.",
  indexes: [
    { key: { status: 1, lease_until: 1 }, description: "jobs that wait for a gateway" },
    { key: { created_at: -1 }, description: "the latest jobs" },
    expiry,
  ],
};

export const REDRIVE_CHUNKS: CollectionDeclaration = {
  collection: "redrive_chunks",
  description: "The letters of each redrive, up to 1,000 in a document, and what became of each.",
  indexes: [
    { key: { job: 1, n: 1 }, unique: true, description: "the letters of one job in their order" },
    expiry,
  ],
};
