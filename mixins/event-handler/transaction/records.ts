import type { ClientSession, Collection, MongoClient, ObjectId } from "mongodb";

/** The claim of a transactional group: it appears with the effects, already completed. */
export interface CompletedClaim {
  _id: ObjectId;
  group: string;
  keys: string[];
  n: number;
  by: { topic: string; partition: number; epoch: number; attempt: number; from: number; to: number };
  status: "processing" | "completed";
  expires_at: Date;
}

/** The part of a partition's progress that a transactional group reads and moves. */
export interface Progress {
  /** `<group>|<topic>|<partition>` */
  _id: string;
  epoch: number;
  /** Everything below has taken effect. */
  next: number;
  /** Server sessions that an owner's transactions run in, as 32 hex digits. */
  sessions?: string[];
}

/** The gateway's own collections, as the plugin's node sees them. */
export interface TransactionStore {
  client: MongoClient;
  database: string;
}

export const claimsOf = ({ client, database }: TransactionStore): Collection<CompletedClaim> =>
  client.db(database).collection("idempotency_keys");

export const progressOf = ({ client, database }: TransactionStore): Collection<Progress> =>
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
