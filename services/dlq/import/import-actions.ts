import type { Context, ServiceSchema } from "moleculer";
import { IMPORT } from "../../bridge/hand-over-params";
import type { ImportRequest, ImportResult } from "../../bridge/import/import-topic";

// As long as the topic is; it ends by itself where nothing gets on.
const NO_TIMEOUT = { timeout: 0 } as object;

/** The part of the dlq service that takes in dead letters which others have put into Kafka: a mixin. */
export const importActions: Partial<ServiceSchema> = {
  actions: {
    /**
     * Makes letters of a Kafka dead letter topic, each message once → `ImportResult`. `original_topic` is for messages that do not
     * say where they came from. Throws WEIR_TOPIC_UNKNOWN, WEIR_IMPORT_NO_ORIGIN, WEIR_KAFKA_UNAVAILABLE.
     */
    importTopic: {
      ...NO_TIMEOUT,
      params: IMPORT,
      handler(ctx: Context<ImportRequest>): Promise<ImportResult> {
        return ctx.call("bridge.importDeadLetters", ctx.params, { timeout: 0, retries: 0 });
      },
    },
  },
};
