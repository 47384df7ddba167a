import { BY, OPTIONAL_TEXT, OPTIONAL_TIME, PAGING, REASON, STRICT, TOPIC } from "../../schemas/query-params";
import { BYTES, HEADERS, ID, KEY, OFFSET, WHOLE } from "../../schemas/wire-params";
import { STATUSES } from "./letter";

export { ID } from "../../schemas/wire-params";

export const FINGERPRINT = { type: "string", pattern: /^[0-9a-f]{16}$/ } as const;
const OPTIONAL_FINGERPRINT = { ...FINGERPRINT, optional: true } as const;

// A long key is hashed, behind its group and the scope of its replay.
const MAX_LANE = 1_024;

/** Up to a whole chunk of the bridge's, and what a plugin says of an error: any text. */
export const PUT = {
  ...STRICT,
  letters: {
    type: "array",
    min: 1,
    max: 10_000,
    items: {
      type: "object",
      strict: true,
      props: {
        identity: { type: "string", min: 1 },
        event_id: { type: "string", min: 1, max: 1_024, optional: true },
        event_type: { type: "string", min: 1, max: 1_024, optional: true },
        group: { type: "string", min: 1, max: 1_024, optional: true },
        reason: { type: "string", min: 1, max: 1_024 },
        error: { type: "object", props: { type: "string", message: "string" } },
        attempts: { ...WHOLE, min: 0 },
        // Over a transporter a Date arrives as text.
        first_failed_at: { type: "date", convert: true },
        original_topic: TOPIC,
        partition: WHOLE,
        offset: OFFSET,
        key: KEY,
        headers: HEADERS,
        raw: BYTES,
        lane: { type: "string", optional: true, max: MAX_LANE },
        behind: { ...WHOLE, min: 0, optional: true },
      },
    },
  },
} as const;

/** What letters are chosen by, wherever some are. */
const CHOICE = {
  event_type: OPTIONAL_TEXT,
  group: OPTIONAL_TEXT,
  topic: OPTIONAL_TEXT,
  reason: OPTIONAL_TEXT,
  fingerprint: OPTIONAL_FINGERPRINT,
  from: OPTIONAL_TIME,
  to: OPTIONAL_TIME,
} as const;

export const LIST = {
  ...STRICT,
  status: { type: "enum", values: [...STATUSES], optional: true },
  ...CHOICE,
  ...PAGING,
} as const;

export const FRONTS = {
  ...STRICT,
  lanes: { type: "array", min: 1, max: 10_000, items: { type: "string", min: 1, max: MAX_LANE } },
} as const;

export const GET = { ...STRICT, id: ID } as const;

export const FILTER = {
  type: "object",
  strict: true,
  minProps: 1,
  optional: true,
  props: CHOICE,
} as const;

export const ITEMS = {
  ...STRICT,
  id: { ...ID, optional: true },
  ids: { type: "array", items: ID, min: 1, max: 1_000, optional: true },
  filter: FILTER,
} as const;

export const DISCARD = {
  ...ITEMS,
  reason: REASON,
  by: { ...BY, optional: true },
} as const;
