import type { Logger } from "moleculer";
import type { Db } from "mongodb";
import type { CollectionDeclaration, IndexPolicy } from "./declaration";

/** A collection to look after, and for whom. */
export interface Target {
  db: Db;
  service: string;
  declaration: CollectionDeclaration;
  logger: Logger;
  /** Aborts when the service stops. */
  signal: AbortSignal;
}

/** How far healing may go. Missing collections and indexes are always created. */
export interface Healing {
  /** `apply`: what can be changed in place is. */
  policy: IndexPolicy;
  /** What cannot be changed in place is built anew. */
  rebuild?: boolean;
  /** Indexes that nobody declares are hidden, and dropped when they have been for so many days. */
  pruneAfterDays?: number;
  /** Overrides the declaration's `build`. */
  build?: "await" | "background";
}

/** In ms: long enough for a build's every phase to end or to be asked after. The shared client's limit is far shorter. */
export const LONG_COMMAND_MS = 60_000;

/** Runs a command on the collection, with a majority of the replica set behind it. */
export function command(
  { db }: Pick<Target, "db">,
  document: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const options = { socketTimeout: LONG_COMMAND_MS } as object;
  return db.command({ ...document, writeConcern: { w: "majority" } }, options);
}
