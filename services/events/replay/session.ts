import type { ObjectId } from "mongodb";
import type { EventFilter } from "../filter";

export const REPLAY_STATUSES = ["running", "paused", "completed", "cancelled"] as const;
export type ReplayStatus = (typeof REPLAY_STATUSES)[number];

/** `stored`: as the gateway stored them. `timestamp`: by the events' own time. */
export const REPLAY_ORDERS = ["stored", "timestamp"] as const;
export type ReplayOrder = (typeof REPLAY_ORDERS)[number];

/** The place of one event in a session's order: everything up to it is done. */
export interface Position {
  at: Date;
  id: ObjectId;
}

/** Per event and group, but `read` and `sent`: per event. */
export interface ReplayCounts {
  read: number;
  delivered: number;
  duplicates: number;
  /** Became dead letters. */
  failed: number;
  /** Of a type that the group does not ask for. */
  passed_over: number;
  /** To a topic. */
  sent: number;
}

export const NO_COUNTS: ReplayCounts = {
  read: 0,
  delivered: 0,
  duplicates: 0,
  failed: 0,
  passed_over: 0,
  sent: 0,
};

export interface HistoryEntry {
  at: Date;
  action: "created" | "paused" | "resumed" | "cancelled" | "taken" | "completed";
  by?: string;
  reason?: string;
}

/** What a caller asks for. */
export interface ReplayOrderForm {
  filter: EventFilter;
  groups?: string[];
  topic?: string;
  order: ReplayOrder;
  again: boolean;
  /** Events per second; absent: as fast as it goes. */
  rate?: number;
  by?: string;
}

/** `replays`: one document per session; whoever holds the lease of a running one works on it. */
export interface ReplaySession extends ReplayOrderForm {
  _id: ObjectId;
  status: ReplayStatus;
  /** How many events matched when it began. */
  total: number;
  /** The last event that was stored when it began; null where there was none. */
  end: ObjectId | null;
  cursor: Position | null;
  counts: ReplayCounts;
  /** Raised by whoever takes it over: what an earlier one still writes matches nothing. */
  epoch: number;
  lease: { node: string; until: Date } | null;
  /** Why it does not get on at the moment. */
  waiting: string | null;
  created_at: Date;
  updated_at: Date;
  finished_at: Date | null;
  history: HistoryEntry[];
}

/** A session as callers see it. */
export interface ReplayView extends Omit<ReplaySession, "_id" | "end" | "cursor" | "lease" | "epoch"> {
  id: string;
  /** The node that works on it; null for none. */
  node: string | null;
}

export function viewOf({
  _id,
  end: _end,
  cursor: _cursor,
  lease,
  epoch: _epoch,
  ...rest
}: ReplaySession): ReplayView {
  return { id: _id.toHexString(), ...rest, node: lease?.node ?? null };
}
