import { isUnreachable } from "../mongo-schema/connection-errors";

/**
 * Why an error is nobody's fault but that of something the handler needs: throwing `WEIR_UNAVAILABLE`, or letting a lost
 * connection to MongoDB through, says "not now" — the event is neither done nor failed, and is handed over again later.
 */
export function unavailabilityOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ((error as { type?: unknown }).type === "WEIR_UNAVAILABLE" || isUnreachable(error)) return error.message;
  return null;
}
