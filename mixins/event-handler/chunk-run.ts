import type { Context, Service } from "moleculer";
import type { DeliverRequest } from "../../schemas/delivery";
import { Budget } from "./budget";
import type { Plugin } from "./chunk";

/** What every run of a handler within one chunk shares. */
export interface ChunkRun {
  service: Service;
  ctx: Context;
  request: DeliverRequest;
  budget: Budget;
  /** Whether MongoDB was silent at some time since then (milliseconds since the epoch). */
  mongoWasSilentSince(since: number): boolean;
}

export function chunkRun(plugin: Plugin, ctx: Context<DeliverRequest>): ChunkRun {
  const { service, budgetMs, mongoWasSilentSince } = plugin;
  const budget = new Budget(budgetMs, ctx.params.max_failures);
  return { service, ctx, request: ctx.params, budget, mongoWasSilentSince };
}
