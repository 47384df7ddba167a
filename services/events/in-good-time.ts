import { WeirRetryableError } from "../../schemas/errors";
import { withinLimit } from "../runtime/within-limit";

/** Less than the handler's own timeout: a slow store is never an event's fault, so it must not become its dead letter. */
const LIMIT_MS = 25_000;

/** Rejects with WEIR_UNAVAILABLE when storing takes too long; storing again what was stored after all is harmless. */
export async function inGoodTime<T>(storing: Promise<T>, limitMs = LIMIT_MS): Promise<T> {
  if (await withinLimit(storing, limitMs)) return storing;
  throw new WeirRetryableError(
    "WEIR_UNAVAILABLE",
    `MongoDB took longer than ${limitMs} ms to store a chunk of events; they are stored again.`,
  );
}
