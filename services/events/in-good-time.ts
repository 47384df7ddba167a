import { WeirRetryableError } from "../../schemas/errors";

/** Less than the handler's own timeout: a slow store is never an event's fault, so it must not become its dead letter. */
const LIMIT_MS = 25_000;

/** Rejects with WEIR_UNAVAILABLE when storing takes too long; storing again what was stored after all is harmless. */
export async function inGoodTime<T>(storing: Promise<T>, limitMs = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `MongoDB took longer than ${limitMs} ms to store a chunk of events; they are stored again.`;
      reject(new WeirRetryableError("WEIR_UNAVAILABLE", message));
    }, limitMs);
  });
  return Promise.race([storing, limit]).finally(() => clearTimeout(timer));
}
