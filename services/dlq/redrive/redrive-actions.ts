import type { Context, ServiceSchema } from "moleculer";
import type { MongoServiceSchema } from "../../../mixins/mongo-schema.mixin";
import type { Page, Paging } from "../../../schemas/query-params";
import type { Letter } from "../letter";
import type { Time } from "../time";
import { cancelJob, pauseJob, resumeJob } from "./control";
import type { JobStatus, RedriveJob } from "./job";
import { CONTROL, JOB_STATUS, JOBS, REDRIVE } from "./params";
import type { RedriveRunner } from "./runner";
import { createJob, type DryRun, dryRun, type RedriveRequest } from "./start";
import {
  jobStatus,
  listJobs,
  type RedriveDetails,
  type RedriveRow,
  rowOf,
  type StatusRequest,
} from "./status";
import { type RedriveStores, storesOf } from "./stores";

interface ControlRequest {
  id: string;
  by?: string;
}

type RedriveService = RedriveStores & { redrives: RedriveRunner; time: Time };

const schema: Pick<MongoServiceSchema<Letter, { redrives: RedriveRunner; time: Time }>, "actions"> = {
  actions: {
    /** Begins a redrive → `RedriveRow`; with `dry_run` → `DryRun`, and nothing is begun. */
    redrive: {
      params: REDRIVE,
      async handler(ctx: Context<RedriveRequest>): Promise<RedriveRow | DryRun> {
        if (ctx.params.dry_run) return dryRun(this.collection, ctx.params, this.time.now());
        const job = await createJob(storesOf(this), ctx.params, this.time.now());
        void this.redrives.look();
        return rowOf(storesOf(this), job);
      },
    },

    /** Redrives, the latest first → a page of `RedriveRow`. */
    redrives: {
      params: JOBS,
      handler(ctx: Context<Paging & { status?: JobStatus }>): Promise<Page<RedriveRow>> {
        return listJobs(storesOf(this), ctx.params);
      },
    },

    /** One redrive and a page of its letters → `RedriveDetails`. Throws WEIR_REDRIVE_NOT_FOUND. */
    redriveStatus: {
      params: JOB_STATUS,
      handler(ctx: Context<StatusRequest>): Promise<RedriveDetails> {
        return jobStatus(storesOf(this), ctx.params);
      },
    },

    /** Stops after the letters in hand → `RedriveRow`. Throws WEIR_REDRIVE_NOT_FOUND, WEIR_REDRIVE_ENDED. */
    pauseRedrive: {
      params: CONTROL,
      async handler(ctx: Context<ControlRequest>): Promise<RedriveRow> {
        const { id, by = "unknown" } = ctx.params;
        return stopped(this, await pauseJob(controlOf(this), id, by));
      },
    },

    /** Goes on, also where it paused itself → `RedriveRow`. Throws as `pauseRedrive` does. */
    resumeRedrive: {
      params: CONTROL,
      async handler(ctx: Context<ControlRequest>): Promise<RedriveRow> {
        const job = await resumeJob(controlOf(this), ctx.params.id);
        void this.redrives.look();
        return rowOf(storesOf(this), job);
      },
    },

    /** Ends it after the letters in hand; what was done stays done → `RedriveRow`. Throws as `pauseRedrive` does. */
    cancelRedrive: {
      params: CONTROL,
      async handler(ctx: Context<ControlRequest>): Promise<RedriveRow> {
        return stopped(this, await cancelJob(controlOf(this), ctx.params.id));
      },
    },
  },
};

/** The part of the dlq service that hands many letters over again, as jobs that outlive their gateway: a mixin. */
export const redriveActions = schema as Partial<ServiceSchema>;

function stopped(service: RedriveService, job: RedriveJob): Promise<RedriveRow> {
  service.redrives.stopJob(job._id.toHexString());
  return rowOf(storesOf(service), job);
}

function controlOf(service: RedriveService) {
  return { ...storesOf(service), now: () => service.time.now() };
}
