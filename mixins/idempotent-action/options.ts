import type { Context } from "moleculer";
import { CALL_LEASE_MS, CALL_SCOPE } from "../../schemas/calls";
import { WeirError } from "../../schemas/errors";

/** `meta` of a call, as far as it matters here. */
export interface CallMeta {
  idempotencyKey?: unknown;
}

export interface IdempotentActionOptions {
  /** → the call's key; nothing: the call has none. `ctx.params.idempotency_key`, else `ctx.meta.idempotencyKey`, by default. */
  key?: (ctx: Context<Record<string, unknown>, CallMeta>) => string | null | undefined;
  /** Refuses a call without a key. False by default: it is executed every time. */
  required?: boolean;
  /** What calls under one key must have in common: parameters by their paths, or a function's answer. All parameters by default. */
  same?: string[] | ((params: Record<string, unknown>, ctx: Context) => unknown);
  /** Milliseconds that the answer is kept. One hour by default. */
  ttl?: number;
  /** Milliseconds after which a call that has not ended may be executed by another. Five minutes by default. */
  lease?: number;
  /** Keys are unique within it. The action's full name by default. */
  scope?: string;
}

export const DEFAULT_TTL_MS = 3_600_000;
/** The parameter that the mixin adds to an action, unless that has a `key` of its own. */
export const KEY_PARAMETER = "idempotency_key";

export type ResolvedOptions = Omit<IdempotentActionOptions, "ttl" | "lease" | "required"> &
  Required<Pick<IdempotentActionOptions, "ttl" | "lease" | "required">>;

/** Settles the defaults. Throws WEIR_IDEMPOTENT_ACTION_INVALID. */
export function resolveOptions(
  service: string,
  action: string,
  given: IdempotentActionOptions,
): ResolvedOptions {
  const refuse = (option: string, expected: string, came: unknown): never => {
    throw new WeirError(
      "WEIR_IDEMPOTENT_ACTION_INVALID",
      `Action ${service}.${action}: ${option} must be ${expected}, but is ${JSON.stringify(came) ?? String(came)}. Correct the idempotentActions({ … }) options of this service.`,
      { service, action, option },
    );
  };
  const { key, same, scope, required = false, ttl = DEFAULT_TTL_MS, lease = CALL_LEASE_MS } = given;
  if (key !== undefined && typeof key !== "function") refuse("key", "a function", key);
  if (typeof required !== "boolean") refuse("required", "true or false", required);
  const isPaths =
    Array.isArray(same) && same.length > 0 && same.every((path) => typeof path === "string" && path !== "");
  if (same !== undefined && typeof same !== "function" && !isPaths)
    refuse("same", "a list of parameters' paths, or a function", same);
  if (scope !== undefined && !(typeof scope === "string" && CALL_SCOPE.test(scope)))
    refuse("scope", "text of at most 128 characters without |", scope);
  if (!isBetween(ttl, 1_000, 365 * 24 * 3_600_000))
    refuse("ttl", "a whole number of ms from 1000 to a year", ttl);
  if (!isBetween(lease, 1_000, 24 * 3_600_000))
    refuse("lease", "a whole number of ms from 1000 to a day", lease);
  return { key, same, scope, required, ttl, lease };
}

function isBetween(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}
