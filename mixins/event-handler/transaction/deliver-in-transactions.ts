import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "moleculer";
import {
  COMPLETED,
  type DeliverRequest,
  type DeliverResponse,
  type Outcome,
} from "../../../schemas/delivery";
import { WeirError } from "../../../schemas/errors";
import { isUnreachable } from "../../mongo-schema/connection-errors";
import { Chunk, type Entry, type Plugin } from "../chunk";
import { type ChunkRun, chunkRun } from "../chunk-run";
import { failureOf, HandlerTimeout } from "../failure";
import { backoffMs } from "../run-single";
import { StrictOrder } from "../strict-order";
import { unavailabilityOf } from "../unavailable";
import { attemptTransaction } from "./attempt";
import { KeysTaken } from "./claim";
import { ProgressMoved } from "./commit";
import { expectsDuplicates } from "./expected-duplicates";
import { lookUp, passOver } from "./look-up";
import type { TransactionStore } from "./records";

const CONFLICT_ATTEMPTS = 5;
const CONFLICT_PAUSE_MS = 50;
const NO_SUCH_TRANSACTION = 251;

/**
 * The plugin's half of an event's way where effects, claim and progress commit together. Transactions take a chunk's events in
 * offset order, split around one whose handler fails. What was handled before is looked up and sorted out when a transaction's
 * claim meets it, and beforehand where that is likely. The first failed event ends the delivery: only when its letter is
 * stored may anything above it take effect.
 */
export async function deliverInTransactions(
  plugin: Plugin,
  store: TransactionStore,
  ctx: Context<DeliverRequest>,
): Promise<DeliverResponse> {
  const run = chunkRun(plugin, ctx);
  const chunk = new Chunk(plugin, ctx.params);
  await (expectsDuplicates(run, store) ? lookUp : passOver)(run, store, chunk);
  if (ctx.params.park) await StrictOrder.of(run, chunk);
  await takeAll(run, store, chunk, chunk.workInOrder());
  return chunk.outcomes();
}

/** → false where the delivery ends here. */
async function takeAll(
  run: ChunkRun,
  store: TransactionStore,
  chunk: Chunk,
  entries: Entry[],
): Promise<boolean> {
  let rest = openOf(entries);
  let conflicts = 0;
  while (rest.length > 0) {
    const result = await attemptTransaction(run, store, rest, 1);
    if (result.kind === "committed") {
      for (const entry of rest.slice(0, result.done)) entry.outcome = COMPLETED;
      if (result.done === 0) return false;
      rest = rest.slice(result.done);
      conflicts = 0;
    } else if (result.kind === "handler_failed") {
      return splitAround(run, store, chunk, rest, result);
    } else if (isMoved(result.error)) {
      // Somebody has done some of it: an earlier attempt whose answer was lost, or another partition with the same event.
      if (conflicts++ >= CONFLICT_ATTEMPTS) return wait(run, rest, result.error);
      await lookUp(run, store, chunk);
      rest = openOf(rest);
    } else {
      conflicts += 1;
      if (wasSwallowed(result.error) && conflicts > 2)
        return splitAborted(run, store, chunk, rest, result.error);
      // A claim that a silent MongoDB does not answer has no handler's timeout to end it.
      if (conflicts >= CONFLICT_ATTEMPTS || run.budget.remainingMs <= 0) return wait(run, rest, result.error);
      await delay(CONFLICT_PAUSE_MS * conflicts);
    }
  }
  return !entries.some(waits);
}

/** What is undecided, up to the first that waits: nothing above it may take effect before it. */
function openOf(entries: Entry[]): Entry[] {
  const end = entries.findIndex(waits);
  return (end === -1 ? entries : entries.slice(0, end)).filter(({ outcome }) => !outcome);
}

const waits = ({ outcome }: Entry): boolean => outcome?.status === "busy";

type HandlerFailure = { from: number; to: number; error: unknown; outcome?: Outcome };

/** What comes before the culprit commits on its own, the culprit is tried alone, what comes after follows. */
async function splitAround(
  run: ChunkRun,
  store: TransactionStore,
  chunk: Chunk,
  entries: Entry[],
  failure: HandlerFailure,
): Promise<boolean> {
  const { from, to } = failure;
  if (from > 0 && !(await takeAll(run, store, chunk, entries.slice(0, from)))) return false;
  const suspects = entries.slice(from, to);
  const middle = suspects.length >> 1;
  const goOn =
    suspects.length === 1
      ? await takeAlone(run, store, chunk, suspects[0] as Entry, failure)
      : (await takeAll(run, store, chunk, suspects.slice(0, middle))) &&
        (await takeAll(run, store, chunk, suspects.slice(middle)));
  return goOn && takeAll(run, store, chunk, entries.slice(to));
}

async function takeAlone(
  run: ChunkRun,
  store: TransactionStore,
  chunk: Chunk,
  entry: Entry,
  failure: HandlerFailure,
): Promise<boolean> {
  // Looked up since it failed.
  if (entry.outcome) return !waits(entry);
  const { retry, timeout } = entry.handler;
  let error = failure.error;
  if (failure.outcome?.status === "failed") {
    entry.outcome = { ...failure.outcome, key: entry.key };
    return false;
  }
  for (let attempt = 1; ; attempt += 1) {
    const unavailable = unavailabilityOf(error, run);
    if (unavailable) return wait(run, [entry], error);
    const timedOut = error instanceof HandlerTimeout;
    const pause = backoffMs(retry, attempt);
    if (timedOut || attempt >= retry.attempts || run.budget.remainingMs < pause + timeout) {
      const reason = timedOut ? "timeout" : "handler_error";
      entry.outcome = {
        status: "failed",
        reason,
        error: failureOf(error),
        attempts: attempt,
        key: entry.key,
      };
      return false;
    }
    await delay(pause);
    const result = await attemptTransaction(run, store, [entry], attempt + 1);
    if (result.kind === "committed") {
      if (result.done === 1) entry.outcome = COMPLETED;
      return result.done === 1;
    }
    if (result.kind === "aborted" && isMoved(result.error)) {
      await lookUp(run, store, chunk);
      return entry.outcome !== undefined && !waits(entry);
    }
    if (result.kind === "aborted" && !wasSwallowed(result.error)) return wait(run, [entry], result.error);
    error = result.kind === "aborted" ? swallowed(result.error) : result.error;
  }
}

/** MongoDB has aborted again and again though the handlers returned: one of them swallows an error of the server. */
function splitAborted(
  run: ChunkRun,
  store: TransactionStore,
  chunk: Chunk,
  entries: Entry[],
  cause: unknown,
): Promise<boolean> {
  return splitAround(run, store, chunk, entries, { from: 0, to: entries.length, error: swallowed(cause) });
}

function swallowed(cause: unknown): WeirError {
  return new WeirError(
    "WEIR_TRANSACTION_ABORTED",
    `MongoDB aborted the transaction although the handler returned: ${(cause as Error).message} A handler must let errors of its own reads and writes through; catching one does not bring the transaction back.`,
  );
}

/** The rest is asked for again later; nothing is anybody's fault. */
function wait(run: ChunkRun, entries: Entry[], error: unknown): false {
  const reason = error instanceof Error ? error.message : String(error);
  if (isUnreachable(error)) run.budget.unavailable = reason;
  const [first] = entries;
  if (first) first.outcome = { status: "not_started", reason };
  return false;
}

function isMoved(error: unknown): boolean {
  return error instanceof ProgressMoved || error instanceof KeysTaken;
}

function wasSwallowed(error: unknown): boolean {
  return (error as { code?: number }).code === NO_SUCH_TRANSACTION;
}
