import type { Context } from "moleculer";
import type { Page, Paging } from "../../../schemas/query-params";
import type { EventsService, EventsServiceSchema } from "../events-service";
import { assertNotTheStore, assertOneDestination, type DryRun, dryRun, findSelection } from "./begin";
import { CHANGE_REPLAY, ONE_REPLAY, REPLAY, REPLAYS } from "./params";
import { type ReplayOrderForm, type ReplayStatus, type ReplayView, viewOf } from "./session";

type ReplayParams = ReplayOrderForm & { dry_run: boolean };
type Change = { id: string; by?: string; reason?: string };

/** The actions of replay sessions. Errors: WEIR_REPLAY_NOT_FOUND, WEIR_REPLAY_STATE. */
export const replayActions: EventsServiceSchema["actions"] = {
  /** Begins to hand stored events over again → the session; with `dry_run` → how many and which. Errors: WEIR_GROUP_UNKNOWN, WEIR_TOPIC_UNKNOWN. */
  replay: {
    params: REPLAY,
    async handler(ctx: Context<ReplayParams>): Promise<ReplayView | DryRun> {
      const { dry_run, filter, groups, topic, order, again, rate, by } = ctx.params;
      if (dry_run) return dryRun(this.collection, filter);
      assertOneDestination({ groups, topic });
      assertNotTheStore(groups, this.name);
      await ctx.call("bridge.checkTargets", { ...(groups && { groups }), ...(topic && { topic }) });
      const form: ReplayOrderForm = {
        filter,
        ...(groups && { groups }),
        ...(topic !== undefined && { topic }),
        order,
        again,
        ...(rate !== undefined && { rate }),
        ...(by !== undefined && { by }),
      };
      const session = await this.sessions.create(form, await findSelection(this.collection, form));
      this.replays?.look();
      return viewOf(session);
    },
  },
  /** → `{ rows: ReplayView[], total, page, pageSize }`, the newest first. */
  replays: {
    params: REPLAYS,
    handler(ctx: Context<Paging & { status?: ReplayStatus }>): Promise<Page<ReplayView>> {
      return this.sessions.list(ctx.params);
    },
  },
  /** → `ReplayView`. */
  getReplay: {
    params: ONE_REPLAY,
    handler(ctx: Context<{ id: string }>): Promise<ReplayView> {
      return this.sessions.get(ctx.params.id);
    },
  },
  /** Holds a running session where it is → `ReplayView`. The chunk in hand is finished. */
  pauseReplay: {
    params: CHANGE_REPLAY,
    handler(ctx: Context<Change>) {
      return change(this, ctx.params, ["running"], "paused", "paused");
    },
  },
  /** Goes on where a session was paused → `ReplayView`. */
  resumeReplay: {
    params: CHANGE_REPLAY,
    async handler(ctx: Context<Change>) {
      const resumed = await change(this, ctx.params, ["paused"], "running", "resumed");
      this.replays?.look();
      return resumed;
    },
  },
  /** Ends a session for good → `ReplayView`. What was handled stays handled. */
  cancelReplay: {
    params: CHANGE_REPLAY,
    async handler(ctx: Context<Change>) {
      const cancelled = await change(this, ctx.params, ["running", "paused"], "cancelled", "cancelled");
      await this.forgetKeys(cancelled.id, cancelled.groups);
      return cancelled;
    },
  },
};

async function change(
  service: EventsService,
  { id, by, reason }: Change,
  from: ReplayStatus[],
  to: ReplayStatus,
  action: "paused" | "resumed" | "cancelled",
): Promise<ReplayView> {
  const entry = { action, ...(by !== undefined && { by }), ...(reason !== undefined && { reason }) };
  const changed = await service.sessions.change(id, from, to, entry);
  if (to !== "running") service.replays?.interrupt(id);
  return changed;
}
