import type { Collection } from "mongodb";
import type { MongoCollections } from "../../../mixins/mongo-schema.mixin";
import type { Letter } from "../letter";
import type { RedriveChunk, RedriveJob } from "./job";

/** The part of the dlq service in which redrives are kept. */
export type RedriveStores = Pick<MongoCollections<Letter>, "collections">;

export function storesOf({ collections }: RedriveStores) {
  return {
    jobs: collections.redrives as Collection<RedriveJob>,
    chunks: collections.redrive_chunks as Collection<RedriveChunk>,
  };
}
