import { Kafka, type LogEntry, logLevel, type SASLOptions } from "kafkajs";
import type { Logger } from "moleculer";
import type { Configuration } from "../../schemas/configuration/configuration";
import { registerCodecs } from "./codecs";
import { readFetchResponses } from "./fetch-response";
import { quietIdleTimers } from "./idle-timers";
import { shareFetches } from "./share-fetches";

registerCodecs();
quietIdleTimers();
readFetchResponses();
shareFetches();

// Given in full because kafkajs takes other values when NODE_ENV is "test".
const RETRY = { initialRetryTime: 200, retries: 6, factor: 0.2, multiplier: 2, maxRetryTime: 3_000 };

export type KafkaLogListener = (entry: LogEntry) => void;

/** One client: every connection of the gateway to Kafka is made through it. */
export function createKafka(
  configuration: Configuration["kafka"],
  logger: Logger,
  onLog?: KafkaLogListener,
): Kafka {
  const { brokers, clientId, ssl, sasl } = configuration;
  return new Kafka({
    brokers,
    clientId,
    ssl: ssl && {
      rejectUnauthorized: ssl.rejectUnauthorized,
      ...(ssl.ca && { ca: [ssl.ca] }),
      ...(ssl.cert && { cert: ssl.cert }),
      ...(ssl.key && { key: ssl.key }),
    },
    // A copy: kafkajs writes into it, and the configuration is frozen.
    sasl: sasl && ({ ...sasl } as SASLOptions),
    connectionTimeout: 3_000,
    authenticationTimeout: 5_000,
    requestTimeout: 15_000,
    enforceRequestTimeout: true,
    retry: RETRY,
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => {
      onLog?.(entry);
      writeLog(logger, entry);
    },
  });
}

/** The client's own words are for someone who looks for a cause: what users need is told by the gateway itself. */
function writeLog(logger: Logger, { namespace, level, log }: LogEntry): void {
  const line = `kafka ${namespace}: ${log.message}${log.error ? ` (${String(log.error)})` : ""}`;
  if (level <= logLevel.WARN) logger.debug(line);
  else logger.trace(line);
}
