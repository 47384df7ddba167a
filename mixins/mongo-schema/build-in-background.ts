import { setTimeout as delay } from "node:timers/promises";
import type { IndexDeclaration } from "./declaration";
import { reactionTo } from "./server-errors";
import type { Target } from "./target";

const TRY_AGAIN_MS = 5_000;

const atWork = new WeakSet<Target>();

/** The start goes on meanwhile; what becomes of the build is in the log. */
export function buildInBackground(
  target: Target,
  missing: IndexDeclaration[],
  build: () => Promise<unknown>,
): void {
  if (atWork.has(target)) return;
  atWork.add(target);
  const { declaration, logger } = target;
  const unique = missing.some((index) => index.unique);
  logger.warn(
    `Missing indexes of "${declaration.collection}" are built in the background.` +
      (unique ? " Until then duplicates are not refused: an index with `required: true` is waited for." : ""),
  );
  void untilBuilt(target, build).finally(() => atWork.delete(target));
}

async function untilBuilt(
  { declaration, logger, signal }: Target,
  build: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await build();
      return;
    } catch (error) {
      if (signal.aborted) return;
      const { message } = error as Error;
      if (reactionTo(error) !== "wait") {
        logger.error(`Indexes of "${declaration.collection}" were not built in the background: ${message}`);
        return;
      }
      logger.warn(
        `MongoDB is away (${message}); the build on "${declaration.collection}" is looked at again soon.`,
      );
      // MongoDB goes on building by itself.
      await delay(TRY_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
