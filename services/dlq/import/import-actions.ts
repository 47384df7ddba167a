import type { Context } from "moleculer";
import type { ImportRequest, ImportResult } from "../../bridge/import/import-topic";

// As long as the topic is; it ends by itself where nothing gets on.
const NO_TIMEOUT = { timeout: 0 } as object;

/** What Kafka allows as a topic's name. */
const TOPIC = { type: "string", pattern: /^[A-Za-z0-9._-]{1,249}$/ } as const;

/** Actions of the `dlq` service: dead letters that others have put into Kafka. */
export const importActions = {
  /**
   * Makes letters of a Kafka dead letter topic, each message once → `ImportResult`. `original_topic` is for messages that do not
   * say where they came from. Throws WEIR_TOPIC_UNKNOWN, WEIR_IMPORT_NO_ORIGIN, WEIR_KAFKA_UNAVAILABLE.
   */
  importTopic: {
    ...NO_TIMEOUT,
    params: { $$strict: true, topic: TOPIC, original_topic: { ...TOPIC, optional: true } },
    handler(ctx: Context<ImportRequest>): Promise<ImportResult> {
      return ctx.call("bridge.importDeadLetters", ctx.params, { timeout: 0, retries: 0 });
    },
  },
};
