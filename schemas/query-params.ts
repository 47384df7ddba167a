import type { ActionParams } from "moleculer";

/** Parameters of list actions. Text is nothing but text: an object could carry MongoDB's operators into a query. */
export const TEXT = { type: "string", min: 1, max: 256 } as const;
export const OPTIONAL_TEXT = { ...TEXT, optional: true } as const;

/** RFC 3339 text or a Date. */
export const OPTIONAL_TIME = { type: "date", convert: true, optional: true } as const;

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
