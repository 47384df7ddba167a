import type { ClientSession } from "mongodb";
import type { EventEnvelope, Outcome } from "../../../schemas/delivery";
import { progressKey } from "../../../schemas/progress";
import type { Entry } from "../chunk";
import type { ChunkRun } from "../chunk-run";
import { HandlerTimeout } from "../failure";
import { Cancellation, HandedDelivery } from "../handed-delivery";
import type { BatchHandler, EventHandler } from "../options";
import { callBatchHandler } from "../run-batch";
import { runLimited } from "../run-limited";
import { TransactionAccess } from "./bound-collection";
import { insertClaim, narrowClaim } from "./claim";
import { commit } from "./commit";
import { startOwnSession } from "./own-sessions";
import type { TransactionStore } from "./records";
import { rememberSession } from "./remember-session";
import { segmentsOf } from "./segments";
import { endSession, endStrays } from "./stray-sessions";

/** One transaction is kept to this long, so that the server does not end it: what is done then commits, the rest follows. */
const TRANSACTION_MS = 4_000;

export type AttemptResult =
  /** The first `done` entries have taken effect; fewer than asked where the time was up. */
  | { kind: "committed"; done: number }
  /** A handler threw, or said `failed`: for exactly this entry, or for one that is not known of several. */
  | { kind: "handler_failed"; from: number; to: number; error: unknown; outcome?: Outcome }
  /** Nothing took effect; `error` is MongoDB's word, KeysTaken or ProgressMoved. */
  | { kind: "aborted"; error: unknown };

/** A handler's own failure, apart from whatever MongoDB says. */
class HandlerFailed extends Error {
  constructor(
    readonly from: number,
    readonly to: number,
    readonly reason: unknown,
    readonly outcome?: Outcome,
  ) {
    super("the handler failed");
  }
}

/**
 * Runs entries in order in one transaction of its own session: the claim, so that no handler is called for what was done before,
 * then the handlers, then the partition's progress, then the commit. A session is never used twice, so that a late handler's
 * write has nowhere to go.
 */
export async function attemptTransaction(
  run: ChunkRun,
  store: TransactionStore,
  entries: Entry[],
  attempt: number,
): Promise<AttemptResult> {
  const { group, topic, partition } = run.request;
  const place = progressKey(group, topic, partition);
  let session: ClientSession | undefined;
  let access: TransactionAccess | undefined;
  try {
    await endStrays(store, place);
    session = startOwnSession(store.client, place);
    access = new TransactionAccess(store.client.db(store.database), session);
    await rememberSession(run, store, session);
    session.startTransaction({ readConcern: { level: "snapshot" }, writeConcern: { w: "majority" } });
    const claimed = await insertClaim(run, store, session, entries);
    const done = await runHandlers(run, access, entries, attempt);
    access.close();
    if (done === 0) return { kind: "committed", done };
    const handled = entries.slice(0, done);
    const isAll = claimed === null || done === entries.length;
    const claim = isAll ? claimed : await narrowClaim(run, store, session, claimed, handled);
    await commit(run, store, session, handled, claim);
    return { kind: "committed", done };
  } catch (error) {
    if (!(error instanceof HandlerFailed)) return { kind: "aborted", error };
    const { from, to, reason, outcome } = error;
    return isOfMongo(reason)
      ? { kind: "aborted", error: reason }
      : { kind: "handler_failed", from, to, error: reason, outcome };
  } finally {
    access?.close();
    if (session) await endSession(store, session, place);
  }
}

/** What MongoDB says of the transaction itself reaches us through the handler that made the call. */
function isOfMongo(error: unknown): boolean {
  const labels = (error as { errorLabels?: string[] })?.errorLabels;
  return Array.isArray(labels) && labels.includes("TransientTransactionError");
}

/** → how many entries were handled, from the first on. */
async function runHandlers(
  run: ChunkRun,
  tx: TransactionAccess,
  entries: Entry[],
  attempt: number,
): Promise<number> {
  const until = Date.now() + TRANSACTION_MS;
  let done = 0;
  for (const { handler, size } of segmentsOf(entries)) {
    const segment = entries.slice(done, done + size);
    if (!run.budget.allows(handler.timeout) || (done > 0 && Date.now() > until)) break;
    const cancellation = new Cancellation();
    const deliveries = segment.map(
      ({ item, redelivered }) =>
        new HandedDelivery(run.ctx, run.request, item, redelivered, attempt, cancellation, tx),
    );
    try {
      if (handler.batch) {
        const call = handler.run as BatchHandler<EventEnvelope>;
        const outcomes = await callBatchHandler(
          run,
          call,
          handler.timeout,
          segment,
          deliveries,
          attempt,
          cancellation,
        );
        const failed = outcomes.findIndex(({ status }) => status === "failed");
        if (failed >= 0) throw new HandlerFailed(done + failed, done + failed + 1, null, outcomes[failed]);
      } else {
        const call = handler.run as EventHandler<EventEnvelope>;
        await runLimited(
          () =>
            call.call(run.service, segment[0]?.item.event as EventEnvelope, deliveries[0] as HandedDelivery),
          handler.timeout,
          cancellation,
        );
      }
    } catch (error) {
      if (error instanceof HandlerTimeout) tx.close();
      throw error instanceof HandlerFailed ? error : new HandlerFailed(done, done + size, error);
    }
    done += size;
  }
  return done;
}
