import { setTimeout as delay } from "node:timers/promises";
import { COMPLETED, type EventEnvelope, type Outcome } from "../../schemas/delivery";
import type { Entry } from "./chunk";
import type { ChunkRun } from "./chunk-run";
import { BadOutcome, failureOf, HandlerTimeout } from "./failure";
import { Cancellation, HandedDelivery } from "./handed-delivery";
import type { BatchAnswer, BatchHandler, BatchOutcome, ResolvedHandler } from "./options";
import { runLimited } from "./run-limited";
import { backoffMs } from "./run-single";
import { unavailabilityOf } from "./unavailable";

type BatchItem = Pick<Entry, "item" | "redelivered" | "key">;

/**
 * Many events through one call of a batch handler. A throw means that one of them is at fault: halves are tried until
 * the culprit is alone, and only that one fails.
 */
export async function runBatch(
  run: ChunkRun,
  handler: ResolvedHandler,
  batch: BatchItem[],
  attempt = 1,
): Promise<Outcome[]> {
  if (!run.budget.allows(handler.timeout)) return batch.map(() => ({ status: "not_started" }));
  try {
    const cancellation = new Cancellation();
    const deliveries = batch.map(
      ({ item, redelivered }) =>
        new HandedDelivery(run.ctx, run.request, item, redelivered || attempt > 1, attempt, cancellation),
    );
    const call = handler.run as BatchHandler<EventEnvelope>;
    return await callBatchHandler(run, call, handler.timeout, batch, deliveries, attempt, cancellation);
  } catch (error) {
    const unavailable = unavailabilityOf(error, run);
    if (unavailable) {
      run.budget.unavailable = unavailable;
      return batch.map(() => ({ status: "not_started", reason: unavailable }));
    }
    if (error instanceof HandlerTimeout)
      return batch.map(({ key }) => failed("timeout", error, attempt, key));
    if (batch.length > 1) return runHalves(run, handler, batch);
    const wait = backoffMs(handler.retry, attempt);
    const mayRetry = attempt < handler.retry.attempts && run.budget.remainingMs >= wait + handler.timeout;
    if (!mayRetry) {
      const outcomes = batch.map(({ key }) => failed("handler_error", error, attempt, key));
      for (const outcome of outcomes) run.budget.note(outcome);
      return outcomes;
    }
    await delay(wait);
    return runBatch(run, handler, batch, attempt + 1);
  }
}

async function runHalves(run: ChunkRun, handler: ResolvedHandler, batch: BatchItem[]): Promise<Outcome[]> {
  const middle = batch.length >> 1;
  // Every event has been handed over once by now, whatever the handler did with it.
  const again = batch.map((entry) => ({ ...entry, redelivered: true }));
  const first = await runBatch(run, handler, again.slice(0, middle));
  return [...first, ...(await runBatch(run, handler, again.slice(middle)))];
}

/** Calls a batch handler once → an outcome per event; rejects with what it threw, or with `BadOutcome`. */
export async function callBatchHandler(
  run: ChunkRun,
  handle: BatchHandler<EventEnvelope>,
  timeout: number,
  batch: BatchItem[],
  deliveries: HandedDelivery[],
  attempt: number,
  cancellation: Cancellation,
): Promise<Outcome[]> {
  const events = batch.map(({ item }) => item.event);
  const answer = await runLimited(() => handle.call(run.service, events, deliveries), timeout, cancellation);
  return outcomesOf(answer, batch, attempt);
}

function outcomesOf(answer: BatchAnswer, batch: BatchItem[], attempts: number): Outcome[] {
  if (answer === undefined || answer === null) return new Array<Outcome>(batch.length).fill(COMPLETED);
  if (!Array.isArray(answer) || answer.length !== batch.length) {
    const came = Array.isArray(answer) ? `${answer.length} of them` : typeof answer;
    throw new BadOutcome(`an array of ${batch.length} outcomes, one per event`, came);
  }
  return batch.map(({ key }, index) => outcomeOf(answer[index], attempts, key));
}

function outcomeOf(outcome: BatchOutcome | undefined, attempts: number, key: string): Outcome {
  if (outcome?.status === "completed") return COMPLETED;
  if (outcome?.status === "duplicate") return { status: "duplicate" };
  if (
    outcome?.status === "failed" &&
    typeof outcome.reason === "string" &&
    typeof outcome.error?.message === "string"
  ) {
    return { status: "failed", reason: outcome.reason, error: outcome.error, attempts, key };
  }
  throw new BadOutcome(
    'per event { status: "completed" | "duplicate" } or { status: "failed", reason, error }',
    JSON.stringify(outcome),
  );
}

function failed(reason: string, error: unknown, attempts: number, key: string): Outcome {
  return { status: "failed", reason, error: failureOf(error), attempts, key };
}
