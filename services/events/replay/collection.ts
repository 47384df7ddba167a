import type { CollectionDeclaration } from "../../../mixins/mongo-schema.mixin";

export const REPLAYS_COLLECTION: CollectionDeclaration = {
  collection: "replays",
  description: "Replay sessions: what is handed over again to whom, how far it is, and who did what to it.",
  indexes: [
    { key: { status: 1 }, description: "running sessions that nobody works on" },
    { key: { created_at: -1 }, description: "the latest sessions" },
  ],
};
