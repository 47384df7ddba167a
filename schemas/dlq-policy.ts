import Ajv from "ajv";
import addFormats from "ajv-formats";
import { WELL_FORMED } from "./query-params";

/** When a dead letter is handed over again by itself. Times are in ms; `limit` counts the retries of one letter. */
export type Retry =
  /** Never: it waits for a person. */
  | { kind: "manual" }
  | { kind: "immediate"; limit?: number }
  | { kind: "fixed_interval"; interval_ms: number; limit?: number }
  | {
      kind: "exponential_backoff";
      base_ms?: number;
      factor?: number;
      maximum_ms?: number;
      /** 0.1: up to a tenth sooner or later. */
      jitter?: number;
      limit?: number;
    }
  /** Once, at a time in RFC 3339. */
  | { kind: "scheduled"; at: string };

/** Which letters a policy is for; what is left out holds for any. */
export interface PolicyMatch {
  /** One type, or `order.*` (one level), `order.**`, `**` (any depth). */
  event_type?: string;
  /** The full name of the topic that the message came from. */
  topic?: string;
  group?: string;
  /** Without it a policy leaves letters alone that no retry can mend. */
  reason?: string;
}

export interface DlqPolicy {
  match: PolicyMatch;
  retry: Retry;
}

/** What holds where a policy does not say it. */
export const RETRY_DEFAULTS = {
  base_ms: 60_000,
  factor: 2,
  maximum_ms: 3_600_000,
  jitter: 0.1,
  limit: 5,
} as const;

const WEEK_MS = 7 * 86_400_000;
// As in `TEXT` of the other parameters.
const name = { type: "string", minLength: 1, maxLength: 256, pattern: WELL_FORMED.source };
const limit = { type: "integer", minimum: 1, maximum: 1_000 };
const time = { type: "integer", minimum: 1, maximum: WEEK_MS };
// One wildcard at the end: more of them could make a long name take for ever to be compared.
const EVENT_TYPES = "^(?:\\*\\*|[a-z0-9_-]+(?:\\.[a-z0-9_-]+)*(?:\\.\\*\\*?)?)$";

function kindOf(kind: Retry["kind"], properties: Record<string, object> = {}, required: string[] = []) {
  return {
    type: "object",
    properties: { kind: { const: kind }, ...properties },
    required: ["kind", ...required],
    additionalProperties: false,
  };
}

const policy = {
  type: "object",
  properties: {
    match: {
      type: "object",
      properties: {
        event_type: { ...name, pattern: EVENT_TYPES },
        topic: name,
        group: name,
        reason: name,
      },
      additionalProperties: false,
    },
    retry: {
      type: "object",
      discriminator: { propertyName: "kind" },
      oneOf: [
        kindOf("manual"),
        kindOf("immediate", { limit }),
        kindOf("fixed_interval", { interval_ms: time, limit }, ["interval_ms"]),
        kindOf("exponential_backoff", {
          base_ms: time,
          factor: { type: "number", minimum: 1, maximum: 100 },
          maximum_ms: time,
          jitter: { type: "number", minimum: 0, maximum: 1 },
          limit,
        }),
        kindOf("scheduled", { at: { type: "string", format: "date-time", maxLength: 64 } }, ["at"]),
      ],
    },
  },
  required: ["match", "retry"],
  additionalProperties: false,
};

const ajv = addFormats(new Ajv({ strict: true, discriminator: true }), ["date-time"]);
const validateOne = ajv.compile(policy);
const validateAll = ajv.compile({ type: "array", maxItems: 1_000, items: policy });

/** What is wrong with a policy, or with a list of them, and where; null when nothing is. */
export function policyProblem(value: unknown): string | null {
  const validate = Array.isArray(value) ? validateAll : validateOne;
  if (validate(value)) return null;
  const [error] = validate.errors ?? [];
  const { additionalProperty, allowedValue } = (error?.params ?? {}) as Record<string, unknown>;
  const what = additionalProperty ?? allowedValue;
  const named = what === undefined ? "" : `: ${JSON.stringify(what)}`;
  return `${error?.instancePath || "/"} ${error?.message ?? "is invalid"}${named}`.slice(0, 300);
}
