import type { Context, Service } from "moleculer";
import type { DeliverRequest } from "../../schemas/delivery";
import type { Budget } from "./budget";

/** What every run of a handler within one chunk shares. */
export interface ChunkRun {
  service: Service;
  ctx: Context;
  request: DeliverRequest;
  budget: Budget;
}
