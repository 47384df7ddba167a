import type { Collection } from "mongodb";
import { eventHandler } from "../../mixins/event-handler.mixin";
import { serverTime } from "../../mixins/mongo/server-clock";
import { type MongoSchemaService, mongoSchema } from "../../mixins/mongo-schema.mixin";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import { onDrain } from "../runtime/drain";
import { announceStored } from "./announce-stored";
import { ARCHIVE_COLLECTION } from "./archive";
import { browseActions } from "./browse-actions";
import type { EventsService, EventsServiceSchema } from "./events-service";
import { inGoodTime } from "./in-good-time";
import { eventIndexes } from "./indexes";
import { replayActions } from "./replay/actions";
import { REPLAYS_COLLECTION } from "./replay/collection";
import type { ReplaySession } from "./replay/session";
import { ReplaySessions } from "./replay/sessions";
import { replaySupervisor } from "./replay/supervise";
import { storeEvents } from "./store-events";
import type { StoredEvent } from "./stored-event";

/** Stores every accepted event, and is the one group that dead-letters what no group can be handed. */
const events: EventsServiceSchema = {
  name: "events",
  mixins: [
    mongoSchema(
      {
        collection: "events",
        description: "Every accepted event, and where in Kafka it came from.",
        indexes: eventIndexes,
      },
      REPLAYS_COLLECTION,
      ARCHIVE_COLLECTION,
    ),
    eventHandler({
      deadLettersRefused: true,
      // The store keeps what came.
      upcast: false,
      budget: 30_000,
      handlers: {
        "**": {
          batch: true,
          timeout: 30_000,
          // The unique event_id makes storing idempotent: claims would cost writes and add nothing.
          idempotency: false,
          async handler(this: MongoSchemaService<StoredEvent>, accepted, deliveries) {
            const { eventTtlDays: ttlDays, chunk } = configurationOf(this.broker);
            const cutHere = deliveries[0]?.ctx.nodeID === this.broker.nodeID;
            const chunkBytes = cutHere ? chunk.maxBytes : Number.POSITIVE_INFINITY;
            const options = { ttlDays, chunkBytes, now: serverTime(this.adapter.uri) };
            const { adapter, collection } = this;
            const storing = storeEvents(adapter.db, collection, accepted, deliveries, options);
            const outcomes = await inGoodTime(storing);
            announceStored(this.broker, accepted, outcomes);
            return outcomes;
          },
        },
      },
    }),
  ],

  actions: { ...browseActions, ...replayActions },

  methods: {
    async forgetKeys(replay: string, groups: string[] | undefined): Promise<void> {
      if (!groups) return;
      await this.broker
        .call("idempotency.expireReplay", { replay, groups })
        .catch((error: Error) => this.logger.warn(`The keys of replay ${replay} are kept longer`, error));
    },
  },

  created() {
    this.replays = null;
    this.forgetDrain = null;
  },

  async started() {
    const replays = this.collections.replays as Collection<ReplaySession>;
    this.sessions = new ReplaySessions(replays, () => serverTime(this.adapter.uri));
    const supervisor = replaySupervisor(this as unknown as EventsService);
    this.replays = supervisor;
    this.forgetDrain = onDrain(this.broker, "replays", () => supervisor.stop());
    supervisor.start();
  },

  async stopped() {
    this.forgetDrain?.();
    await this.replays?.stop();
  },
};

export default events;
