import { CALL_KEY, CALL_SCOPE } from "../../schemas/calls";
import { STRICT } from "../../schemas/query-params";
import { ID, NAME, WHOLE } from "../../schemas/wire-params";

// A key over 512 bytes is stored as a hash, behind its group.
const STORED_KEY = { type: "string", min: 1, max: 1_024 } as const;
const MAX_KEYS = 10_000;
// A hundred years: a Date beyond would be none.
const TTL = { ...WHOLE, min: 1, max: 100 * 365 * 24 * 3_600_000 } as const;
const MAX_LEASE_MS = 24 * 3_600_000;

export const CLAIM = {
  ...STRICT,
  group: NAME,
  keys: { type: "array", min: 1, max: MAX_KEYS, items: STORED_KEY },
  by: {
    type: "object",
    strict: true,
    props: { topic: NAME, partition: WHOLE, epoch: WHOLE, attempt: WHOLE, from: WHOLE, to: WHOLE },
  },
} as const;

export const SETTLE = {
  ...STRICT,
  id: ID,
  release: { type: "array", max: MAX_KEYS, items: STORED_KEY },
  claimed: { ...WHOLE, min: 1 },
  ttl_ms: TTL,
  from: {
    type: "object",
    optional: true,
    strict: true,
    props: { group: NAME, topic: NAME, partition: WHOLE, to: WHOLE },
  },
} as const;

export const ACQUIRE = {
  ...STRICT,
  group: NAME,
  topic: NAME,
  partition: WHOLE,
  // Whatever a commit had as its metadata.
  committed_progress_id: { type: "string", nullable: true },
} as const;

export const BEGIN_ANEW = {
  ...STRICT,
  group: NAME,
  topic: NAME,
  partition: WHOLE,
  epoch: WHOLE,
  progress_id: NAME,
  from: WHOLE,
} as const;

const CALL = {
  ...STRICT,
  id: ID,
  scope: { type: "string", pattern: CALL_SCOPE },
  key: { type: "string", pattern: CALL_KEY },
} as const;

export const BEGIN = {
  ...CALL,
  fingerprint: { type: "string", pattern: /^[\w=+/-]{16,128}$/ },
  lease_ms: { ...WHOLE, min: 1_000, max: MAX_LEASE_MS, optional: true },
  max_result_bytes: { ...WHOLE, min: 0, optional: true },
} as const;

export const COMPLETE = {
  ...CALL,
  ttl_ms: TTL,
  result: { type: "any", optional: true },
  omitted: {
    type: "object",
    optional: true,
    strict: true,
    props: {
      why: { type: "enum", values: ["too_large", "not_json", "too_large_for_transporter"] },
      bytes: { ...WHOLE, min: 0, optional: true },
    },
  },
} as const;

export const EXPIRE_REPLAY = {
  ...STRICT,
  replay: ID,
  groups: { type: "array", max: 1_000, items: NAME },
} as const;

export const RELEASE = CALL;
/** Longer than any stored one: a long key is asked for as it is. */
export const GET = { ...STRICT, key: { type: "string", min: 1, max: 10_000 } } as const;
export const STATS = { ...STRICT } as const;
