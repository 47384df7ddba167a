import type { Context, ServiceSchema, ServiceSettingSchema } from "moleculer";
import { catalogOf } from "../../schemas/catalog";
import type { LetterMessage } from "../../schemas/letter-message";
import type { Redelivery } from "../../schemas/redelivery";
import type { ReplayRequest, ReplayToTopic } from "../../schemas/replay";
import { onDrain } from "../runtime/drain";
import { Bridge } from "./bridge";
import type { PublishRequest } from "./publish";
import { eventParams } from "./publish-params";

interface Variables {
  bridge: Bridge;
  forgetDrain: () => void;
}

/** Carries events between Kafka and the plugins: a consumer for each plugin's group, and a producer for all. */
const bridge: ServiceSchema<ServiceSettingSchema, Record<string, never>, Variables> = {
  name: "bridge",
  dependencies: ["schemas", "idempotency", "dlq"],

  actions: {
    /** Validates and sends one event → `{ event_id, topic, partition, offset }`. */
    publish: {
      params: { $$strict: true, ...eventParams },
      async handler(ctx: Context<PublishRequest>) {
        const [published] = await this.bridge.publish(publisherOf(ctx), [ctx.params]);
        return published;
      },
    },
    /** Validates all events, then sends them → `[{ event_id, topic, partition, offset }]`, in the same order. */
    publishMany: {
      params: {
        $$strict: true,
        events: { type: "array", min: 1, max: 10_000, items: { type: "object", props: eventParams } },
      },
      handler(ctx: Context<{ events: PublishRequest[] }>) {
        return this.bridge.publish(publisherOf(ctx), ctx.params.events);
      },
    },
    /** → `BridgeStatus`: state and reasons, per group and partition the lag, what is in hand, what became of messages. */
    status: {
      params: { $$strict: true, lag: { type: "boolean", optional: true, convert: true } },
      handler(ctx: Context<{ lag?: boolean }>) {
        return this.bridge.status(ctx.params);
      },
    },
    /** Stops fetching for one group, or for all, on this gateway; they keep their partitions → their names. */
    pause: {
      params: { $$strict: true, group: { type: "string", optional: true } },
      handler(ctx: Context<{ group?: string }>) {
        return { groups: this.bridge.supervisor.pause(ctx.params.group, true) };
      },
    },
    resume: {
      params: { $$strict: true, group: { type: "string", optional: true } },
      handler(ctx: Context<{ group?: string }>) {
        return { groups: this.bridge.supervisor.pause(ctx.params.group, false) };
      },
    },
    /** Hands a dead letter over again → `{ status: "delivered" | "duplicate" | "failed" | "refused" }`. */
    redeliver: {
      visibility: "public",
      params: { letter: "object" },
      handler(ctx: Context<{ letter: Redelivery }>) {
        return this.bridge.redeliver(ctx.params.letter);
      },
    },
    /** → names of the groups that can be handed dead letters now. */
    receiving: {
      visibility: "public",
      handler() {
        return this.bridge.receiving();
      },
    },
    /** Sends what the dlq service tells of its letters; resolves when Kafka has it. */
    sendLetters: {
      visibility: "public",
      params: { messages: { type: "array", min: 1 } },
      handler(ctx: Context<{ messages: LetterMessage[] }>) {
        return this.bridge.sendLetters(ctx.params.messages);
      },
    },
    /** Hands stored events to a group again → `ReplayAnswer`. Called by `events` with one chunk of a session. */
    replay: {
      visibility: "public",
      params: { replay: "string", group: "string", items: { type: "array", min: 1 } },
      handler(ctx: Context<ReplayRequest>) {
        return this.bridge.replay(ctx.params);
      },
    },
    /** Sends stored events to a topic again; resolves when Kafka has all of them. */
    replayToTopic: {
      visibility: "public",
      params: { replay: "string", topic: "string", items: { type: "array", min: 1 } },
      handler(ctx: Context<ReplayToTopic>) {
        return this.bridge.replayToTopic(ctx.params);
      },
    },
    /** Errors: WEIR_GROUP_UNKNOWN, WEIR_TOPIC_UNKNOWN. */
    checkTargets: {
      visibility: "public",
      params: {
        groups: { type: "array", items: "string", optional: true },
        topic: { type: "string", optional: true },
      },
      handler(ctx: Context<{ groups?: string[]; topic?: string }>) {
        return this.bridge.checkTargets(ctx.params);
      },
    },
  },

  events: {
    async "$broker.started"() {
      await this.bridge.run();
    },
    "$services.changed"() {
      if (this.broker.started) void this.bridge.supervisor.reconcile();
    },
    "$node.disconnected"() {
      if (this.broker.started) void this.bridge.supervisor.reconcile();
    },
  },

  created() {
    this.bridge = new Bridge(this.broker, catalogOf(this.broker), this.logger);
  },

  async started() {
    this.forgetDrain = onDrain(this.broker, "bridge", () => this.bridge.drain());
    await this.bridge.connect();
    // Loaded anew while the broker runs: nobody tells it that the broker has started.
    if (this.broker.started) void this.bridge.run();
  },

  async stopped() {
    this.forgetDrain?.();
    await this.bridge.stop();
  },
};

function publisherOf(ctx: Context): { service_name: string; service_version: string } {
  return { service_name: ctx.caller ?? ctx.nodeID ?? "weir", service_version: "unknown" };
}

export default bridge;
