import type { Delivery, EventEnvelope } from "../../schemas/delivery";

/** Who took an event out of the store, when and why. */
export interface Archived {
  at: Date;
  by: string;
  reason: string;
}

/** One accepted event as the `events` collection holds it. */
export interface StoredEvent {
  event_id: string;
  event_type: string;
  event_version: string;
  /** When it happened; ranges and order go by it. */
  timestamp: Date;
  /** The event's own text of it, which may name a zone and more digits. */
  timestamp_text: string;
  aggregate_id?: string;
  metadata: EventEnvelope["metadata"];
  payload: object;
  status: "stored" | "archived";
  stored_at: Date;
  ttl_expires_at: Date;
  /** Only in the archive. */
  archived?: Archived;
  kafka: { topic: string; partition: number; offset: string; key: string | null };
}

/** When an event was stored, and when it is forgotten: the same for a whole chunk. */
export interface Kept {
  now: Date;
  expires: Date;
}

export function keptFor(ttlMs: number, now: Date): Kept {
  return { now, expires: new Date(now.getTime() + ttlMs) };
}

/** A copy: the event itself is shared with others and frozen. Member by member, because a spread costs twice as much here. */
export function storedEvent(event: EventEnvelope, delivery: Delivery, { now, expires }: Kept): StoredEvent {
  const { event_id, event_type, event_version, timestamp, aggregate_id, metadata, payload } = event;
  const { topic, partition, offset, key } = delivery;
  const stored: StoredEvent = {
    event_id,
    event_type,
    event_version,
    timestamp: new Date(timestamp),
    timestamp_text: timestamp,
    metadata,
    payload,
    status: "stored",
    stored_at: now,
    ttl_expires_at: expires,
    kafka: { topic, partition, offset, key },
  };
  if (aggregate_id !== undefined) stored.aggregate_id = aggregate_id;
  return stored;
}

/** A stored event as callers see it: the event as it came, and where and when it was stored. */
export interface EventRecord {
  event: EventEnvelope;
  stored_at: Date;
  expires_at: Date;
  kafka: StoredEvent["kafka"];
  /** Only of an event from the archive. */
  archived?: Archived;
}

export function eventRecord(stored: StoredEvent): EventRecord {
  const { event_id, event_type, event_version, timestamp_text, aggregate_id, metadata, payload } = stored;
  return {
    event: {
      event_id,
      event_type,
      event_version,
      timestamp: timestamp_text,
      ...(aggregate_id !== undefined && { aggregate_id }),
      metadata,
      payload,
    },
    stored_at: stored.stored_at,
    expires_at: stored.ttl_expires_at,
    kafka: stored.kafka,
    ...(stored.archived && { archived: stored.archived }),
  };
}
