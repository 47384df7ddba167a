import type { ClientSession, Collection, MongoClient } from "mongodb";
import type { ClaimDocument } from "../../../schemas/claims";
import type { ProgressDocument } from "../../../schemas/progress";

/** The gateway's own collections, as the plugin's node sees them. */
export interface TransactionStore {
  client: MongoClient;
  database: string;
  /** By MongoDB's clock. */
  now(): Date;
}

export const claimsOf = ({ client, database }: TransactionStore): Collection<ClaimDocument> =>
  client.db(database).collection("idempotency_keys");

export const progressOf = ({ client, database }: TransactionStore): Collection<ProgressDocument> =>
  client.db(database).collection("progress");

/** The id that the server knows a session by, as 32 hex digits. */
export function sessionId(session: ClientSession): string {
  const { id } = session.id as unknown as { id: { buffer: Buffer } };
  return id.buffer.toString("hex");
}

// A registered symbol: every copy of this module in the process adds to one set.
const KEY = Symbol.for("weir.transactionSessions");
const holder = globalThis as unknown as Record<symbol, Set<string> | undefined>;

/** Sessions of this process: they belong to somebody alive. */
export function ownSessions(): Set<string> {
  holder[KEY] ??= new Set();
  return holder[KEY];
}
