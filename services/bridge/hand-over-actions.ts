import type { Context, ServiceSchema, ServiceSettingSchema } from "moleculer";
import type { LetterMessage } from "../../schemas/letter-message";
import { STRICT } from "../../schemas/query-params";
import type { Redelivery, RedeliveryBatch } from "../../schemas/redelivery";
import type { ReplayRequest, ReplayToTopic } from "../../schemas/replay";
import type { Bridge } from "./bridge";
import {
  CHECK_TARGETS,
  IMPORT,
  REDELIVER,
  REDELIVER_MANY,
  REPLAY,
  REPLAY_TO_TOPIC,
  SEND_LETTERS,
} from "./hand-over-params";
import type { ImportRequest } from "./import/import-topic";

const schema: Pick<
  ServiceSchema<ServiceSettingSchema, Record<string, never>, { bridge: Bridge }>,
  "actions"
> = {
  actions: {
    /** Hands a dead letter over again → `{ status: "delivered" | "duplicate" | "failed" | "refused" }`. */
    redeliver: {
      visibility: "public",
      params: REDELIVER,
      handler(ctx: Context<{ letter: Redelivery }>) {
        return this.bridge.handOver.redeliver(ctx.params.letter);
      },
    },
    /** Hands many over, in chunks as large as live ones → `BatchedResult[]`, in the letters' order. */
    redeliverMany: {
      visibility: "public",
      params: REDELIVER_MANY,
      handler(ctx: Context<RedeliveryBatch>) {
        return this.bridge.handOver.redeliverMany(ctx.params);
      },
    },
    /** → names of the groups that can be handed dead letters now. */
    receiving: {
      visibility: "public",
      params: STRICT,
      handler() {
        return this.bridge.receiving();
      },
    },
    /** Sends what the dlq service tells of its letters; resolves when Kafka has it. */
    sendLetters: {
      visibility: "public",
      params: SEND_LETTERS,
      handler(ctx: Context<{ messages: LetterMessage[] }>) {
        return this.bridge.handOver.sendLetters(ctx.params.messages);
      },
    },
    /** Makes letters of a Kafka dead letter topic, for `dlq.importTopic` → `ImportResult`. */
    importDeadLetters: {
      visibility: "public",
      params: IMPORT,
      handler(ctx: Context<ImportRequest>) {
        return this.bridge.handOver.importTopic(ctx.params);
      },
    },
    /** Hands stored events to a group again → `ReplayAnswer`. Called by `events` with one chunk of a session. */
    replay: {
      visibility: "public",
      params: REPLAY,
      handler(ctx: Context<ReplayRequest>) {
        return this.bridge.handOver.replay(ctx.params);
      },
    },
    /** Sends stored events to a topic again; resolves when Kafka has all of them. */
    replayToTopic: {
      visibility: "public",
      params: REPLAY_TO_TOPIC,
      handler(ctx: Context<ReplayToTopic>) {
        return this.bridge.handOver.replayToTopic(ctx.params);
      },
    },
    /** Errors: WEIR_GROUP_UNKNOWN, WEIR_TOPIC_UNKNOWN. */
    checkTargets: {
      visibility: "public",
      params: CHECK_TARGETS,
      handler(ctx: Context<{ groups?: string[]; topic?: string }>) {
        return this.bridge.handOver.checkTargets(ctx.params);
      },
    },
  },
};

/** The part of the bridge that other services of the gateway have events and letters handed over by: a mixin. */
export const handOverActions = schema as Partial<ServiceSchema>;
