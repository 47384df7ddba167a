import type { Collection, FilterQuery } from "mongodb";
import { WeirError } from "../../schemas/errors";
import { type EventRecord, eventRecord, type StoredEvent } from "./stored-event";

export interface Paging {
  /** From 1. */
  page?: number;
  /** Up to 500; 20 by default. */
  pageSize?: number;
}

export interface EventFilter extends Paging {
  event_type?: string;
  aggregate_id?: string;
  user_id?: string;
  service_name?: string;
  correlation_id?: string;
  /** RFC 3339, inclusive and exclusive. */
  from?: string;
  to?: string;
}

export interface EventPage {
  rows: EventRecord[];
  total: number;
  page: number;
  pageSize: number;
}

/** Stored events that match all that is given, the newest first. */
export function listEvents(events: Collection<StoredEvent>, filter: EventFilter): Promise<EventPage> {
  const { event_type, aggregate_id, user_id, service_name, correlation_id, from, to } = filter;
  const query: Record<string, unknown> = {};
  const equal = {
    event_type,
    aggregate_id,
    "metadata.user_id": user_id,
    "metadata.service_name": service_name,
    "metadata.correlation_id": correlation_id,
  };
  for (const [field, value] of Object.entries(equal)) if (value !== undefined) query[field] = { $eq: value };
  if (from !== undefined || to !== undefined) {
    query.timestamp = {
      ...(from !== undefined && { $gte: new Date(from) }),
      ...(to !== undefined && { $lt: new Date(to) }),
    };
  }
  return pageOf(events, query, filter);
}

/** Full-text search over type, aggregate, service, user and correlation id. */
export function searchEvents(
  events: Collection<StoredEvent>,
  { text, ...paging }: Paging & { text: string },
): Promise<EventPage> {
  return pageOf(events, { $text: { $search: text } }, paging);
}

async function pageOf(
  events: Collection<StoredEvent>,
  query: Record<string, unknown>,
  { page = 1, pageSize = 20 }: Paging,
): Promise<EventPage> {
  const matching = query as FilterQuery<StoredEvent>;
  const [found, total] = await Promise.all([
    events
      .find(matching)
      .sort({ timestamp: -1 })
      .skip((page - 1) * pageSize)
      .limit(pageSize)
      .toArray(),
    Object.keys(query).length === 0 ? events.estimatedDocumentCount() : events.countDocuments(matching),
  ]);
  return { rows: found.map(eventRecord), total, page, pageSize };
}

export async function getEvent(events: Collection<StoredEvent>, event_id: string): Promise<EventRecord> {
  const stored = await events.findOne({ event_id });
  if (stored) return eventRecord(stored);
  throw new WeirError(
    "WEIR_EVENT_NOT_FOUND",
    `No event with the id ${event_id} is stored. It was never accepted, or its time to live is over.`,
    { event_id },
  );
}

export interface EventStats {
  total: number;
  by_type: { event_type: string; count: number; newest: Date }[];
}

export async function eventStats(events: Collection<StoredEvent>): Promise<EventStats> {
  const groups = await events
    .aggregate<{ _id: string; count: number; newest: Date }>([
      { $group: { _id: "$event_type", count: { $sum: 1 }, newest: { $max: "$timestamp" } } },
      { $sort: { count: -1, _id: 1 } },
    ])
    .toArray();
  return {
    total: groups.reduce((sum, { count }) => sum + count, 0),
    by_type: groups.map(({ _id, count, newest }) => ({ event_type: _id, count, newest })),
  };
}
