import { setTimeout as delay } from "node:timers/promises";
import type { Context, Service } from "moleculer";
import type { Collection } from "mongodb";
import type { MongoCollections } from "../../../mixins/mongo-schema.mixin";
import { configurationOf } from "../../../schemas/configuration/broker-configuration";
import type { Page, Paging } from "../../../schemas/query-params";
import type { RedeliveryBatch } from "../../../schemas/redelivery";
import { onDrain } from "../../runtime/drain";
import type { Letter, LetterTtl } from "../letter";
import { type ControlPorts, cancelJob, pauseJob, resumeJob } from "./control";
import type { JobStatus, RedriveChunk, RedriveJob } from "./job";
import { CONTROL, JOB_STATUS, JOBS, REDRIVE } from "./params";
import type { RedrivePorts } from "./ports";
import { RedriveRunner } from "./runner";
import { createJob, type DryRun, dryRun, type RedriveRequest } from "./start";
import {
  jobStatus,
  listJobs,
  type RedriveDetails,
  type RedriveRow,
  rowOf,
  type StatusRequest,
} from "./status";

/** What these actions need of their service. */
export interface RedriveService extends Service, MongoCollections<Letter> {
  ttlDays: LetterTtl;
  redrives: RedriveRunner;
  announce(what: "retried", letter: Letter): void;
  reopenGroups(fingerprints: Set<string>): Promise<void>;
}

interface ControlRequest {
  id: string;
  by?: string;
}

/** Longer than the deliveries of a batch may take; the plugin's own limits come first. */
const BATCH_TIMEOUT_MS = 60_000;

/** Runs redrives on this gateway from now on, until it drains. */
export function startRedrives(service: RedriveService): RedriveRunner {
  const { broker, logger } = service;
  const { maxMessages, maxBytes } = configurationOf(broker).chunk;
  const ports: RedrivePorts = {
    letters: service.collection,
    ...storesOf(service),
    redeliver: (batch: RedeliveryBatch) =>
      broker.call("bridge.redeliverMany", batch, { timeout: BATCH_TIMEOUT_MS, retries: 0 }),
    retried: (letter) => service.announce("retried", letter),
    failedAgain: (fingerprints) => service.reopenGroups(fingerprints),
    ttlDays: service.ttlDays,
    clock: {
      now: () => new Date(),
      wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
    },
    logger,
    limits: { maxMessages, maxBytes },
  };
  const runner = new RedriveRunner(ports, broker.nodeID);
  onDrain(broker, "redrives", () => runner.drain());
  runner.start();
  return runner;
}

/** Actions of the `dlq` service: many letters handed over again, as a job that outlives its gateway. */
export const redriveActions = {
  /** Begins a redrive → `RedriveRow`; with `dry_run` → `DryRun`, and nothing is begun. */
  redrive: {
    params: REDRIVE,
    async handler(this: RedriveService, ctx: Context<RedriveRequest>): Promise<RedriveRow | DryRun> {
      if (ctx.params.dry_run) return dryRun(this.collection, ctx.params, new Date());
      const job = await createJob(storesOf(this), ctx.params, new Date());
      void this.redrives.look();
      return rowOf(storesOf(this), job);
    },
  },

  /** Redrives, the latest first → a page of `RedriveRow`. */
  redrives: {
    params: JOBS,
    handler(this: RedriveService, ctx: Context<Paging & { status?: JobStatus }>): Promise<Page<RedriveRow>> {
      return listJobs(storesOf(this), ctx.params);
    },
  },

  /** One redrive and a page of its letters → `RedriveDetails`. Throws WEIR_REDRIVE_NOT_FOUND. */
  redriveStatus: {
    params: JOB_STATUS,
    handler(this: RedriveService, ctx: Context<StatusRequest>): Promise<RedriveDetails> {
      return jobStatus(storesOf(this), ctx.params);
    },
  },

  /** Stops after the letters in hand → `RedriveRow`. Throws WEIR_REDRIVE_NOT_FOUND, WEIR_REDRIVE_ENDED. */
  pauseRedrive: {
    params: CONTROL,
    async handler(this: RedriveService, ctx: Context<ControlRequest>): Promise<RedriveRow> {
      const { id, by = "unknown" } = ctx.params;
      return stopped(this, await pauseJob(controlOf(this), id, by));
    },
  },

  /** Goes on, also where it paused itself → `RedriveRow`. Throws as `pauseRedrive` does. */
  resumeRedrive: {
    params: CONTROL,
    async handler(this: RedriveService, ctx: Context<ControlRequest>): Promise<RedriveRow> {
      const job = await resumeJob(controlOf(this), ctx.params.id);
      void this.redrives.look();
      return rowOf(storesOf(this), job);
    },
  },

  /** Ends it after the letters in hand; what was done stays done → `RedriveRow`. Throws as `pauseRedrive` does. */
  cancelRedrive: {
    params: CONTROL,
    async handler(this: RedriveService, ctx: Context<ControlRequest>): Promise<RedriveRow> {
      return stopped(this, await cancelJob(controlOf(this), ctx.params.id));
    },
  },
};

function stopped(service: RedriveService, job: RedriveJob): Promise<RedriveRow> {
  service.redrives.stopJob(job._id.toHexString());
  return rowOf(storesOf(service), job);
}

function storesOf({ collections }: RedriveService) {
  return {
    jobs: collections.redrives as Collection<RedriveJob>,
    chunks: collections.redrive_chunks as Collection<RedriveChunk>,
  };
}

function controlOf(service: RedriveService): ControlPorts {
  return { ...storesOf(service), now: () => new Date() };
}
