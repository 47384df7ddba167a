import { OPTIONAL_TEXT, OPTIONAL_TIME, TEXT } from "../../schemas/query-params";

/** The fields of an `EventFilter`: text, never an object that could carry an operator. */
export const FILTER_FIELDS = {
  event_type: OPTIONAL_TEXT,
  aggregate_id: OPTIONAL_TEXT,
  user_id: OPTIONAL_TEXT,
  service_name: OPTIONAL_TEXT,
  correlation_id: OPTIONAL_TEXT,
  from: OPTIONAL_TIME,
  to: OPTIONAL_TIME,
} as const;

const EVENT_IDS = { type: "array", items: TEXT, min: 1, max: 1_000, optional: true } as const;

/** A filter as one parameter. */
export const FILTER = {
  type: "object",
  strict: true,
  props: { ...FILTER_FIELDS, event_ids: EVENT_IDS },
} as const;

export const OBJECT_ID = { type: "string", pattern: /^[0-9a-f]{24}$/ } as const;

/** `<timestamp in ms>-<_id>` of the last row, as a list has given it. */
export const CURSOR = { type: "string", pattern: /^-?\d{1,15}-[0-9a-f]{24}$/, optional: true } as const;
