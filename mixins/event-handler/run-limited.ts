import { HandlerTimeout } from "./failure";
import type { Cancellation } from "./handed-delivery";

/** Runs the handler; rejects with `HandlerTimeout` and aborts its signal when it takes longer. It cannot be stopped. */
export async function runLimited<T>(
  run: () => T,
  limitMs: number,
  cancellation: Cancellation,
): Promise<Awaited<T>> {
  const result = run();
  if (!isThenable(result)) return result as Awaited<T>;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const timeout = new HandlerTimeout(limitMs);
      cancellation.cancel(timeout);
      reject(timeout);
    }, limitMs);
  });
  try {
    return await Promise.race([result as Awaited<T>, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

/** Runs at most `limit` of the tasks at once; rejects with the first rejection after all that run have ended. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next] as T;
      next += 1;
      await run(item);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  const rejected = results.find((result) => result.status === "rejected");
  if (rejected) throw rejected.reason;
}
