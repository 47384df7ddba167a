import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "moleculer";
import type { ClaimResult } from "../../schemas/claims";
import type { DeliverRequest, DeliverResponse } from "../../schemas/delivery";
import { WeirRetryableError } from "../../schemas/errors";
import { isUnreachable } from "../mongo-schema/connection-errors";
import { Chunk, type Entry, type Plugin } from "./chunk";
import { type ChunkRun, chunkRun } from "./chunk-run";
import { lanesOf, planChunk } from "./plan-chunk";
import { runBatch } from "./run-batch";
import { inParallel } from "./run-limited";
import { runSingle } from "./run-single";
import { StrictOrder } from "./strict-order";

const SETTLE_RETRY_MS = 500;

/**
 * The plugin's half of an event's way, for one chunk: route, claim, handle, settle → one outcome per item.
 * What it throws, the bridge answers by delivering again: WEIR_NO_HANDLER, WEIR_FENCED, or what MongoDB could not take.
 */
export async function deliver(plugin: Plugin, ctx: Context<DeliverRequest>): Promise<DeliverResponse> {
  const run = chunkRun(plugin, ctx);
  const chunk = new Chunk(plugin, ctx.params);

  const claimed = await claimKeys(run, chunk.keysToClaim());
  chunk.sortOut(claimed);
  const order = ctx.params.park ? await StrictOrder.of(run, chunk) : null;
  await handle(run, chunk, order);
  await settle(run, chunk, claimed.id);
  return chunk.outcomes();
}

async function claimKeys({ ctx, request }: ChunkRun, keys: string[]): Promise<ClaimResult> {
  if (keys.length === 0) return { id: null, duplicates: [], busy: [], redelivered: [], redelivered_to: null };
  const { group, topic, partition, epoch, attempt, items } = request;
  const from = Number(items[0]?.delivery.offset);
  const to = Number(items.at(-1)?.delivery.offset);
  return ctx.call("idempotency.claim", { group, keys, by: { topic, partition, epoch, attempt, from, to } });
}

async function handle(run: ChunkRun, chunk: Chunk, order: StrictOrder | null): Promise<void> {
  for (const { batch, work: planned } of planChunk(chunk.work())) {
    const work = chunk.withoutStalled(planned);
    if (work.length === 0) continue;
    if (batch) {
      const outcomes = await runBatch(run, batch, work);
      work.forEach((entry, index) => {
        entry.outcome = outcomes[index];
      });
    } else {
      const concurrency = Math.min(...work.map(({ handler }) => handler.concurrency));
      await inParallel(lanesOf(work), concurrency, (lane) => handleLane(run, lane, order));
    }
  }
}

/** Events of one Kafka key, one after the other; the first that must wait keeps those behind it waiting. */
async function handleLane(run: ChunkRun, lane: Entry[], order: StrictOrder | null): Promise<void> {
  for (const entry of lane) {
    if (order?.parks(entry)) continue;
    entry.outcome = await runSingle(run, entry);
    run.budget.note(entry.outcome);
    order?.note(entry);
    if (entry.outcome.status === "not_started") return;
  }
}

/** Retried while the budget lasts: the handlers have run, and a claim left unsettled would make them run again. */
async function settle(run: ChunkRun, chunk: Chunk, id: string | null): Promise<void> {
  const settlement = chunk.settlement();
  if (id === null || settlement === null) return;
  const { group, topic, partition, epoch, attempt, items } = run.request;
  const from = { group, topic, partition, to: Number(items.at(-1)?.delivery.offset) };
  for (;;) {
    try {
      const result = await run.ctx.call("idempotency.settle", { id, ...settlement, from });
      if (result === "settled") return;
      break;
    } catch (error) {
      if (!isUnreachable(error) || run.budget.remainingMs < SETTLE_RETRY_MS) throw error;
      await delay(SETTLE_RETRY_MS);
    }
  }
  throw new WeirRetryableError(
    "WEIR_FENCED",
    `Group ${group} handled events of ${topic}[${partition}] under epoch ${epoch}, attempt ${attempt}, but its claim was taken over meanwhile. Nothing is committed for it.`,
    { group, topic, partition, epoch, attempt },
  );
}
