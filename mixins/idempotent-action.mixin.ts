import { setTimeout as delay } from "node:timers/promises";
import type { ActionHandler, ActionSchema, Service, ServiceSchema } from "moleculer";
import { ObjectId } from "mongodb";
import {
  type BeginAnswer,
  type CompleteAnswer,
  MAX_RESULT_BYTES,
  type ReleaseAnswer,
} from "../schemas/calls";
import { configurationIfAny } from "../schemas/configuration/broker-configuration";
import { WeirError } from "../schemas/errors";
import { fingerprintOf, type KeyedContext, keyOf } from "./idempotent-action/call-identity";
import {
  type IdempotentActionOptions,
  KEY_PARAMETER,
  type ResolvedOptions,
  resolveOptions,
} from "./idempotent-action/options";
import { type OncePorts, runOnce } from "./idempotent-action/run-once";

export type { IdempotentActionOptions } from "./idempotent-action/options";

/** `ctx.locals.idempotency` of a call that is executed under a key. */
export interface IdempotentRun {
  key: string;
  /** An earlier run did not end within its lease: look first whether it took effect. */
  taken_over: boolean;
}

/** What a packet has around a result. */
const PACKET_BYTES = 2_048;
/** Of a node without settings: the least that transporters have as their limit. */
const TRANSPORTER_BYTES = 1024 * 1024;

/**
 * Gives actions of a service the meaning of an `Idempotency-Key`: of the calls under one key one is executed, and all get its answer.
 * Works on any node that shares a transporter with a gateway. Throws WEIR_IDEMPOTENT_ACTION_INVALID when the service is made.
 */
export function idempotentActions(actions: Record<string, IdempotentActionOptions>): Partial<ServiceSchema> {
  const schema: Partial<ServiceSchema> & Record<string, unknown> = {
    merged(merged: ServiceSchema) {
      for (const [name, options] of Object.entries(actions)) {
        const resolved = resolveOptions(merged.name, name, options);
        merged.actions = { ...merged.actions, [name]: wrapped(actionOf(merged, name), resolved) };
      }
    },
  };
  return schema as Partial<ServiceSchema>;
}

function actionOf(schema: ServiceSchema, name: string): ActionSchema & { handler: ActionHandler } {
  const action = schema.actions?.[name];
  const definition = typeof action === "function" ? { handler: action } : action;
  if (typeof definition === "object" && typeof definition.handler === "function")
    return definition as ActionSchema & { handler: ActionHandler };
  throw new WeirError(
    "WEIR_IDEMPOTENT_ACTION_INVALID",
    `Service ${schema.name} has no action "${name}" that idempotentActions({ … }) could make idempotent. Correct the name, or declare the action.`,
    { service: schema.name, action: name },
  );
}

function wrapped(action: ActionSchema & { handler: ActionHandler }, options: ResolvedOptions): ActionSchema {
  const { handler } = action;
  const params =
    action.params && !options.key
      ? { [KEY_PARAMETER]: { type: "any", optional: true }, ...action.params }
      : action.params;
  return {
    ...action,
    ...(params && { params }),
    async handler(this: Service, ctx: KeyedContext) {
      const key = keyOf(options, ctx);
      const execute = () => handler.call(this, ctx as never) as unknown;
      if (key === null) return execute();
      const { ttl, lease, scope = String(ctx.action?.name) } = options;
      const call = { scope, key, fingerprint: fingerprintOf(options, ctx), ttl, lease };
      return runOnce(portsOf(this), call, (taken_over) => {
        ctx.locals.idempotency = { key, taken_over } satisfies IdempotentRun;
        return withoutMetaKey(ctx, execute);
      });
    },
  } as ActionSchema;
}

/** `meta` goes on to every call that the action makes: to those the key says nothing. */
async function withoutMetaKey(ctx: KeyedContext, execute: () => unknown): Promise<unknown> {
  const { idempotencyKey } = ctx.meta;
  if (idempotencyKey === undefined) return execute();
  ctx.meta.idempotencyKey = undefined;
  try {
    return await execute();
  } finally {
    ctx.meta.idempotencyKey = idempotencyKey;
  }
}

/** Calls of the broker, not of the context: the key has to be settled also when the caller's time is up. */
function portsOf({ broker, logger }: Service): OncePorts {
  const isLocal = Boolean(broker.getLocalService("idempotency"));
  const transporterBytes = configurationIfAny(broker)?.chunk.maxTransporterBytes ?? TRANSPORTER_BYTES;
  return {
    begin: (request) => broker.call<BeginAnswer, object>("idempotency.begin", request),
    complete: (request) => broker.call<CompleteAnswer, object>("idempotency.complete", request),
    release: (name) => broker.call<ReleaseAnswer, object>("idempotency.release", name),
    newId: () => new ObjectId().toHexString(),
    maxResultBytes: isLocal ? MAX_RESULT_BYTES : transporterBytes - PACKET_BYTES,
    delay,
    warn: (message) => logger.warn(message),
  };
}
