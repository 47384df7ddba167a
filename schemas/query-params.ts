import type { ActionParams } from "moleculer";

/**
 * For the parameters of every action: nothing but what is declared; null is no value; what is converted is text. The last
 * two are seen to by `services/runtime/parameter-validator.ts`.
 */
export const STRICT = { $$strict: true, $$plain: true } as const;

/** No NUL and no half of a surrogate pair, which nothing that is stored has in a name. */
export const WELL_FORMED = /^[^\p{Cs}\0]*$/u;

/** Parameters of list actions. Text is nothing but text: an object could carry MongoDB's operators into a query. */
export const TEXT = { type: "string", min: 1, max: 256, pattern: WELL_FORMED } as const;
export const OPTIONAL_TEXT = { ...TEXT, optional: true } as const;

/** Who does something, and why: kept with what was done. */
export const BY = TEXT;
export const REASON = { ...TEXT, max: 1_000 } as const;

/** RFC 3339 text or a Date. */
export const OPTIONAL_TIME = { type: "date", convert: true, optional: true } as const;

/** What Kafka allows as a topic's name. */
export const TOPIC = { type: "string", pattern: /^[A-Za-z0-9._-]{1,249}$/ } as const;

export const PAGING = {
  page: { type: "number", integer: true, min: 1, max: 1_000_000, convert: true, default: 1 },
  pageSize: { type: "number", integer: true, min: 1, max: 500, convert: true, default: 20 },
} as const satisfies ActionParams;

export interface Paging {
  /** From 1. */
  page: number;
  pageSize: number;
}

/** One page of what a query finds; `total` counts all pages. */
export interface Page<Row> extends Paging {
  rows: Row[];
  total: number;
}

/** A filter for a field by an inclusive beginning and an exclusive end; undefined when neither is given. */
export function timeRange(from?: Date, to?: Date): { $gte?: Date; $lt?: Date } | undefined {
  if (!from && !to) return undefined;
  return { ...(from && { $gte: from }), ...(to && { $lt: to }) };
}
