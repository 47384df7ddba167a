import type { Context, ServiceSchema, ServiceSettingSchema } from "moleculer";
import { catalogOf } from "../schemas/catalog";
import { configurationOf } from "../schemas/configuration/broker-configuration";
import type { DeliverRequest, PluginMetadata } from "../schemas/delivery";
import type { Plugin } from "./event-handler/chunk";
import { deliver } from "./event-handler/deliver";
import { DELIVER } from "./event-handler/deliver-params";
import { fitAnswer } from "./event-handler/fit-answer";
import { liftedEvent } from "./event-handler/lift";
import { DEFAULTS, type EventHandlerOptions } from "./event-handler/options";
import { resolveHandlers } from "./event-handler/resolve";
import { deliverInTransactions } from "./event-handler/transaction/deliver-in-transactions";
import type { TransactionStore } from "./event-handler/transaction/records";
import { serverTime } from "./mongo/server-clock";
import { wasSilentSince } from "./mongo-schema/client-health";
import { type ClientLease, leaseClient } from "./mongo-schema/shared-client";

export type {
  BatchHandler,
  BatchOutcome,
  EventHandler,
  EventHandlerOptions,
  HandlerDefinition,
  HandlerOptions,
  IdempotencyStrategy,
  Order,
  RetryPolicy,
} from "./event-handler/options";

/** What the mixin keeps on its service, under names that no plugin's own members collide with. */
interface MixedIn {
  $plugin: Plugin;
  $transactions?: { lease: ClientLease; store: TransactionStore };
}

/**
 * Makes a service a plugin: it gets its own consumer group, and every event of the declared types once in effect.
 * Throws WEIR_PLUGIN_INVALID when the service is made with options that cannot be.
 */
export function eventHandler<const Pattern extends string, const Transaction extends boolean = false>(
  options: EventHandlerOptions<Pattern, Transaction>,
): Partial<ServiceSchema> {
  const given = options as unknown as EventHandlerOptions<string>;
  const schema: Partial<ServiceSchema<ServiceSettingSchema, unknown, MixedIn>> & Record<string, unknown> = {
    actions: {
      /** The wire form, called by the bridge with one chunk → an outcome per item. */
      deliver: {
        visibility: "public",
        params: DELIVER,
        async handler(ctx: Context<DeliverRequest>) {
          const { $plugin, $transactions } = this;
          const { max_answer_bytes: maxBytes } = ctx.params;
          const outcomes = $transactions
            ? await deliverInTransactions($plugin, $transactions.store, ctx)
            : await deliver($plugin, ctx);
          return maxBytes === undefined ? outcomes : fitAnswer(outcomes, maxBytes);
        },
      },
    },

    merged(merged: ServiceSchema) {
      const handlers = resolveHandlers(merged.name, given);
      const strict = handlers.filter((handler) => handler.strict).map(({ pattern }) => pattern);
      const weir: PluginMetadata = {
        wire: 1,
        group: given.group ?? merged.name,
        patterns: handlers.map(({ pattern }) => pattern),
        startFrom: given.startFrom ?? DEFAULTS.startFrom,
        transaction: given.transaction ?? false,
        deadLettersRefused: given.deadLettersRefused ?? false,
        ...(strict.length > 0 && { strict }),
      };
      merged.metadata = { ...merged.metadata, weir };
    },

    created() {
      this.$plugin = {
        service: this,
        handlers: resolveHandlers(this.name, given),
        budgetMs: given.budget ?? DEFAULTS.budget,
        freezeEvents: process.env.NODE_ENV !== "production",
        // Read and compiled at the first event that is to be lifted: most nodes never meet one.
        lift: (request, event) =>
          given.upcast === false ? event : liftedEvent(() => catalogOf(this.broker), request, event),
        mongoWasSilentSince: (since) => wasSilentSince(configurationOf(this.broker).mongo.url, since),
      };
    },

    async started() {
      if (!given.transaction) return;
      const { url, database } = configurationOf(this.broker).mongo;
      const lease = leaseClient(url, this.logger);
      this.$transactions = {
        lease,
        store: { client: await lease.ready, database, now: () => serverTime(url) },
      };
    },

    async stopped() {
      await this.$transactions?.lease.release();
    },
  };
  return schema as Partial<ServiceSchema>;
}
