import { setTimeout as delay } from "node:timers/promises";
import { COMPLETED, type EventEnvelope, type Outcome } from "../../schemas/delivery";
import type { Entry } from "./chunk";
import type { ChunkRun } from "./chunk-run";
import { failureOf, HandlerTimeout } from "./failure";
import { Cancellation, HandedDelivery } from "./handed-delivery";
import type { EventHandler, RetryPolicy } from "./options";
import { runLimited } from "./run-limited";
import { unavailabilityOf } from "./unavailable";

/** One event through its handler: retried within the chunk's budget, then given up as `failed`. */
export async function runSingle(run: ChunkRun, { handler, item, redelivered, key }: Entry): Promise<Outcome> {
  if (!run.budget.allows(handler.timeout)) return { status: "not_started" };
  const handle = handler.run as EventHandler<EventEnvelope>;
  for (let attempt = 1; ; attempt += 1) {
    const cancellation = new Cancellation();
    const delivery = new HandedDelivery(
      run.ctx,
      run.request,
      item,
      redelivered || attempt > 1,
      attempt,
      cancellation,
    );
    try {
      await runLimited(() => handle.call(run.service, item.event, delivery), handler.timeout, cancellation);
      return COMPLETED;
    } catch (error) {
      const unavailable = unavailabilityOf(error, run);
      if (unavailable) {
        run.budget.unavailable = unavailable;
        return { status: "not_started", reason: unavailable };
      }
      // A handler that did not end in time may still be at it: another run beside it would be a double.
      const timedOut = error instanceof HandlerTimeout;
      const wait = backoffMs(handler.retry, attempt);
      if (timedOut || attempt >= handler.retry.attempts || run.budget.remainingMs < wait + handler.timeout) {
        return {
          status: "failed",
          reason: timedOut ? "timeout" : "handler_error",
          error: failureOf(error),
          attempts: attempt,
          key,
        };
      }
      await delay(wait);
    }
  }
}

/** Milliseconds before the next attempt; half of it is random, so that retries of many events spread. */
export function backoffMs(retry: RetryPolicy, attempt: number, random: () => number = Math.random): number {
  const full = Math.min(retry.max, retry.base * retry.factor ** (attempt - 1));
  return Math.round(full / 2 + (full / 2) * random());
}
