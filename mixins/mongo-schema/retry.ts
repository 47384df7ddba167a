import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "moleculer";
import { WeirError } from "../../schemas/errors";
import { hostsOf, isUnreachable, refusalOf } from "./connection-errors";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;

/**
 * Runs an operation again and again while MongoDB cannot be reached, with a line in the log for each failure.
 * Rejects when the signal aborts (`WEIR_STOPPED`), when MongoDB refuses the user (`WEIR_MONGO_REFUSED`), and on every other error.
 */
export async function retryWhileUnreachable<T>(
  operation: () => Promise<T>,
  { uri, signal, logger }: { uri: string; signal: AbortSignal; logger: Logger },
): Promise<T> {
  for (let wait = FIRST_DELAY_MS; ; wait = Math.min(wait * 2, LONGEST_DELAY_MS)) {
    try {
      signal.throwIfAborted();
      return await operation();
    } catch (error) {
      if (signal.aborted) throw stopped(uri);
      if (!isUnreachable(error)) throw refusalOf(error, uri) ?? error;
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn(
        `MongoDB at ${hostsOf(uri)} cannot be reached (${reason}); trying again in ${wait / 1000} s.`,
      );
    }
    await delay(wait, undefined, { signal }).catch(() => {
      throw stopped(uri);
    });
  }
}

function stopped(uri: string): WeirError {
  return new WeirError("WEIR_STOPPED", `Stopped while waiting for MongoDB at ${hostsOf(uri)}.`);
}
