import { ObjectId } from "mongodb";
import { EVENT_TYPE, eventMaker } from "../session/events";
import type { Session } from "../session/session";
import { createEventIndexes } from "../ways/hand-made-store";
import { oldDocument } from "./collection";

/** Numbers from here on are those of events that were handled long before. */
export const OLD = 1_000_000_000;
const CHUNK = 1_000;
/** An hour is nearly over, but not within the measurement. */
const LEFT_MS = 15 * 60_000;

/**
 * What an hour ago was handled: the claims of `keys` events, a document for each chunk as the gateway has them, or for each
 * key as the bare loop does; and those of the events that come again, as stored.
 */
export async function writeOldClaims(
  { mongo }: Session,
  database: string,
  perKey: boolean,
  keys: number,
  again: readonly number[],
): Promise<void> {
  const db = mongo.db(database);
  const claims = db.collection(perKey ? "claims" : "idempotency_keys");
  // The gateway's own index comes with the gateway; made before, it makes no difference.
  if (!perKey) await claims.createIndex({ keys: 1 }, { name: "keys_unique", unique: true });
  for (let from = 0; from < keys; from += CHUNK) {
    const to = Math.min(keys, from + CHUNK);
    const ids = Array.from({ length: to - from }, (_, index) => `bench-${OLD + from + index}`);
    if (perKey) await claims.insertMany(ids.map(claimOfKey) as never[], { ordered: false });
    else await claims.insertOne(claimOfChunk(ids, from) as never);
  }
  await createEventIndexes(db);
  const make = eventMaker(0);
  const numbers = [...new Set(again)];
  const documents = numbers.map((number) => oldDocument(JSON.parse(make(number).value), number));
  if (documents.length > 0) await db.collection("events").insertMany(documents, { ordered: false });
}

const expires_at = () => new Date(Date.now() + LEFT_MS);

function claimOfKey(id: string): object {
  return { _id: `1|${id}`, status: "completed", expires_at: expires_at() };
}

function claimOfChunk(ids: string[], from: number): object {
  const group = "plugin-1";
  return {
    _id: new ObjectId(),
    group,
    keys: ids.map((id) => `${group}|${EVENT_TYPE}|${id}`),
    n: ids.length,
    by: { topic: "old", partition: 0, epoch: 1, attempt: 1, from, to: from + ids.length - 1 },
    status: "completed",
    expires_at: expires_at(),
  };
}
