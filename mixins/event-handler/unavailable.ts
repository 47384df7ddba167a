import { isUnreachable } from "../mongo-schema/connection-errors";
import type { ChunkRun } from "./chunk-run";
import { HandlerTimeout } from "./failure";

/**
 * Why an error is nobody's fault but that of something the handler needs: throwing `WEIR_UNAVAILABLE`, letting a lost
 * connection to MongoDB through, or running out of time while MongoDB was silent says "not now" — the event is neither done
 * nor failed, and is handed over again later.
 */
export function unavailabilityOf(error: unknown, run: ChunkRun): string | null {
  if (!(error instanceof Error)) return null;
  if ((error as { type?: unknown }).type === "WEIR_UNAVAILABLE" || isUnreachable(error)) return error.message;
  if (error instanceof HandlerTimeout && run.mongoWasSilentSince(Date.now() - error.limitMs)) {
    return `MongoDB did not answer while the handler ran out of its ${error.limitMs} ms`;
  }
  return null;
}
