import { type Collection, MongoClient, type MongoClientOptions } from "mongodb";
import type { Delivery, EventEnvelope } from "../../../schemas/delivery";
import { eventIndexes } from "../../../services/events/indexes";
import { type Kept, keptFor, type StoredEvent, storedEvent } from "../../../services/events/stored-event";
import type { Job } from "../child/job";

const KEPT_MS = 30 * 24 * 3_600_000;

export interface HandMadeClaim {
  _id: string;
  status: "processing" | "completed";
  expires_at: Date;
}

/** The collections of the ways without a gateway: a claim document per key, the same events with the same indexes. */
export interface HandMadeStore {
  claims: Collection<HandMadeClaim>;
  events: Collection<StoredEvent>;
  close(): Promise<void>;
}

export async function handMadeStore({ mongoUrl, database }: Job): Promise<HandMadeStore> {
  const client = await MongoClient.connect(mongoUrl, {
    useUnifiedTopology: true,
    writeConcern: { w: "majority" },
  } as MongoClientOptions);
  const db = client.db(database);
  const claims = db.collection<HandMadeClaim>("claims");
  await claims.createIndex({ expires_at: 1 }, { expireAfterSeconds: 0 });
  await createEventIndexes(db);
  return { claims, events: db.collection("events"), close: () => client.close() };
}

/** The gateway's own indexes, without what only its declaration knows. */
export async function createEventIndexes(
  db: { command(command: object): Promise<unknown> },
  change: (index: { name?: string; unique?: boolean }) => object = (index) => index,
): Promise<void> {
  const indexes = eventIndexes.map(({ description: _, required: __, ...index }) => change(index));
  await db.command({ createIndexes: "events", indexes });
}

export interface Place {
  topic: string;
  partition: number;
  offset: string;
  key: string | null;
}

/** From now on, for the usual time. */
export const keptFromNow = (): Kept => keptFor(KEPT_MS, new Date());

export function documentOf(event: EventEnvelope, place: Place, kept: Kept): StoredEvent {
  return storedEvent(event, place as Delivery, kept);
}

export function claimOf(_id: string, ttlMs = 3_600_000): HandMadeClaim {
  return { _id, status: "processing", expires_at: new Date(Date.now() + ttlMs) };
}
