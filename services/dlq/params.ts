import { OPTIONAL_TEXT, OPTIONAL_TIME, PAGING } from "../../schemas/query-params";
import { STATUSES } from "./letter";

export const ID = { type: "string", pattern: /^[0-9a-f]{24}$/i } as const;
export const FINGERPRINT = { type: "string", pattern: /^[0-9a-f]{16}$/ } as const;
const OPTIONAL_FINGERPRINT = { ...FINGERPRINT, optional: true } as const;

// A long key is hashed, behind its group and the scope of its replay.
const MAX_LANE = 1_024;

export const PUT = {
  letters: {
    type: "array",
    min: 1,
    items: {
      type: "object",
      props: {
        identity: "string",
        reason: "string",
        error: { type: "object", props: { type: "string", message: "string" } },
        attempts: { type: "number", integer: true },
        first_failed_at: { type: "any" },
        original_topic: "string",
        partition: { type: "number", integer: true },
        offset: "string",
        key: { type: "string", nullable: true, empty: true },
        raw: { type: "any", nullable: true },
        lane: { type: "string", optional: true, max: MAX_LANE },
        behind: { type: "number", integer: true, optional: true },
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
  $$strict: true,
  status: { type: "enum", values: [...STATUSES], optional: true },
  ...CHOICE,
  ...PAGING,
} as const;

export const FRONTS = {
  $$strict: true,
  lanes: { type: "array", min: 1, max: 10_000, items: { type: "string", min: 1, max: MAX_LANE } },
} as const;

export const GET = { $$strict: true, id: ID } as const;

export const FILTER = {
  type: "object",
  strict: true,
  minProps: 1,
  optional: true,
  props: CHOICE,
} as const;

export const ITEMS = {
  $$strict: true,
  id: { ...ID, optional: true },
  ids: { type: "array", items: ID, min: 1, max: 1_000, optional: true },
  filter: FILTER,
} as const;

export const DISCARD = {
  ...ITEMS,
  reason: { type: "string", min: 1, max: 1_000 },
  by: OPTIONAL_TEXT,
} as const;
