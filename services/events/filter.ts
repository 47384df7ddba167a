import type { FilterQuery } from "mongodb";
import { timeRange } from "../../schemas/query-params";
import type { StoredEvent } from "./stored-event";

/** What stored events are chosen by; all that is given has to match. */
export interface EventFilter {
  event_type?: string;
  event_ids?: string[];
  aggregate_id?: string;
  user_id?: string;
  service_name?: string;
  correlation_id?: string;
  /** By the event's own timestamp: from inclusive, to exclusive. */
  from?: Date;
  to?: Date;
}

export function queryOf(filter: EventFilter): FilterQuery<StoredEvent> {
  const { event_type, event_ids, aggregate_id, user_id, service_name, correlation_id, from, to } = filter;
  const wanted = {
    event_type,
    event_id: event_ids && { $in: event_ids },
    aggregate_id,
    "metadata.user_id": user_id,
    "metadata.service_name": service_name,
    "metadata.correlation_id": correlation_id,
    timestamp: timeRange(from, to),
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}
