import type { Context, ServiceSchema, ServiceSettingSchema } from "moleculer";
import { catalogOf } from "../../schemas/catalog";
import { OPTIONAL_TEXT, STRICT } from "../../schemas/query-params";

import { onDrain } from "../runtime/drain";
import { Bridge } from "./bridge";
import { handOverActions } from "./hand-over-actions";
import type { PublishRequest } from "./publish";
import { eventParams } from "./publish-params";

interface Variables {
  bridge: Bridge;
  forgetDrain: () => void;
}

/** Carries events between Kafka and the plugins: a consumer for each plugin's group, and a producer for all. */
const bridge: ServiceSchema<ServiceSettingSchema, Record<string, never>, Variables> = {
  name: "bridge",
  mixins: [handOverActions],
  dependencies: ["schemas", "idempotency", "dlq"],

  actions: {
    /** Validates and sends one event → `{ event_id, topic, partition, offset }`. */
    publish: {
      params: { ...STRICT, ...eventParams },
      async handler(ctx: Context<PublishRequest>) {
        const [published] = await this.bridge.publish(publisherOf(ctx), [ctx.params]);
        return published;
      },
    },
    /** Validates all events, then sends them → `[{ event_id, topic, partition, offset }]`, in the same order. */
    publishMany: {
      params: {
        ...STRICT,
        events: {
          type: "array",
          min: 1,
          max: 10_000,
          items: { type: "object", strict: true, props: eventParams },
        },
      },
      handler(ctx: Context<{ events: PublishRequest[] }>) {
        return this.bridge.publish(publisherOf(ctx), ctx.params.events);
      },
    },
    /** → `BridgeStatus`: state and reasons, per group and partition the lag, what is in hand, what became of messages. */
    status: {
      params: { ...STRICT, lag: { type: "boolean", optional: true, convert: true } },
      handler(ctx: Context<{ lag?: boolean }>) {
        return this.bridge.status(ctx.params);
      },
    },
    /** Stops fetching for one group, or for all, on this gateway; they keep their partitions → their names. */
    pause: {
      params: { ...STRICT, group: OPTIONAL_TEXT },
      handler(ctx: Context<{ group?: string }>) {
        return { groups: this.bridge.supervisor.pause(ctx.params.group, true) };
      },
    },
    resume: {
      params: { ...STRICT, group: OPTIONAL_TEXT },
      handler(ctx: Context<{ group?: string }>) {
        return { groups: this.bridge.supervisor.pause(ctx.params.group, false) };
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
