import { type Context, Errors } from "moleculer";
import { CALL_KEY } from "../../schemas/calls";
import { canonicalJson, sha256, valueAt } from "../idempotency/content";
import { type CallMeta, KEY_PARAMETER, type ResolvedOptions } from "./options";

type Params = Record<string, unknown>;
export type KeyedContext = Context<Params, CallMeta>;

/** The key of a call, null where it has none. Throws a ValidationError for what cannot be a key. */
export function keyOf({ key, required }: ResolvedOptions, ctx: KeyedContext): string | null {
  const given = key ? key(ctx) : (ctx.params?.[KEY_PARAMETER] ?? ctx.meta.idempotencyKey);
  if (given === undefined || given === null) {
    if (required)
      throw invalid(
        "required",
        `An idempotency key is required: ${KEY_PARAMETER} in the parameters, or idempotencyKey in meta.`,
      );
    return null;
  }
  if (typeof given === "string" && CALL_KEY.test(given)) return given;
  const came = typeof given === "string" ? "another text" : typeof given;
  throw invalid(
    "string",
    `An idempotency key is text of 1 to 256 characters without control characters; it is ${came}.`,
  );
}

/** Equal for calls that ask for the same. Throws a ValidationError for parameters that JSON cannot hold. */
export function fingerprintOf({ same, key }: ResolvedOptions, ctx: KeyedContext): string {
  const params = ctx.params ?? {};
  try {
    return sha256(canonicalJson(subjectOf(same, key ? params : withoutKey(params), ctx)) ?? "");
  } catch (error) {
    throw invalid(
      "json",
      `The parameters of a call under an idempotency key must be JSON: ${(error as Error).message}`,
    );
  }
}

function subjectOf(same: ResolvedOptions["same"], params: Params, ctx: KeyedContext): unknown {
  if (typeof same === "function") return same(params, ctx as Context);
  if (!same) return params;
  return same.map((path) => {
    const value = valueAt(params, path);
    return value === undefined ? [path] : [path, value];
  });
}

function withoutKey({ [KEY_PARAMETER]: _key, ...params }: Params): Params {
  return params;
}

function invalid(type: string, message: string): Errors.ValidationError {
  return new Errors.ValidationError(message, "VALIDATION_ERROR", [{ type, field: KEY_PARAMETER, message }]);
}
