import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "moleculer";
import { WeirError } from "../../schemas/errors";

const BACKOFF_MS = { first: 500, max: 10_000 };

interface Patience {
  brokers: string[];
  signal: AbortSignal;
  logger: Logger;
}

/**
 * Connects to Kafka, with a line in the log for each failure and a growing pause, for as long as it takes.
 * Rejects with WEIR_KAFKA_REFUSED on wrong credentials, with WEIR_STOPPED when the signal aborts.
 */
export async function connectPatiently(connect: () => Promise<void>, patience: Patience): Promise<void> {
  const { brokers, signal, logger } = patience;
  for (let wait = BACKOFF_MS.first; ; wait = Math.min(wait * 2, BACKOFF_MS.max)) {
    try {
      if (signal.aborted) throw stopped(brokers);
      return await connect();
    } catch (error) {
      if (signal.aborted) throw stopped(brokers);
      const refusal = refusalOf(error, brokers);
      if (refusal) throw refusal;
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn(
        `Kafka at ${brokers.join(", ")} cannot be reached (${reason}); trying again in ${wait / 1000} s.`,
      );
    }
    await delay(wait, undefined, { signal }).catch(() => {
      throw stopped(brokers);
    });
  }
}

function refusalOf(error: unknown, brokers: string[]): WeirError | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name !== "KafkaJSSASLAuthenticationError") continue;
    return new WeirError(
      "WEIR_KAFKA_REFUSED",
      `Kafka at ${brokers.join(", ")} refused the credentials (${at.message}): correct KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME or KAFKA_SASL_PASSWORD.`,
      { brokers },
    );
  }
  return null;
}

function stopped(brokers: string[]): WeirError {
  return new WeirError("WEIR_STOPPED", `Stopped while waiting for Kafka at ${brokers.join(", ")}.`);
}
