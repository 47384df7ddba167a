import type { Context } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import {
  type MongoSchemaService,
  type MongoServiceSchema,
  mongoSchema,
} from "../../mixins/mongo-schema.mixin";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import { OPTIONAL_TEXT, OPTIONAL_TIME, PAGING, type Paging, TEXT } from "../../schemas/query-params";
import { announceStored } from "./announce-stored";
import { inGoodTime } from "./in-good-time";
import { eventIndexes } from "./indexes";
import { type EventFilter, eventStats, getEvent, listEvents, searchEvents } from "./query-events";
import { storeEvents } from "./store-events";
import type { StoredEvent } from "./stored-event";

/** Stores every accepted event, and is the one group that dead-letters what no group can be handed. */
const events: MongoServiceSchema<StoredEvent> = {
  name: "events",
  mixins: [
    mongoSchema({
      collection: "events",
      description: "Every accepted event, and where in Kafka it came from.",
      indexes: eventIndexes,
    }),
    eventHandler({
      deadLettersRefused: true,
      budget: 30_000,
      handlers: {
        "**": {
          batch: true,
          timeout: 30_000,
          // The unique event_id makes storing idempotent: claims would cost writes and add nothing.
          idempotency: false,
          async handler(this: MongoSchemaService<StoredEvent>, accepted, deliveries) {
            const { eventTtlDays } = configurationOf(this.broker);
            const options = { ttlDays: eventTtlDays, now: new Date() };
            const outcomes = await inGoodTime(storeEvents(this.collection, accepted, deliveries, options));
            announceStored(this.broker, accepted, outcomes);
            return outcomes;
          },
        },
      },
    }),
  ],

  actions: {
    /** → `{ rows: EventRecord[], total, page, pageSize }`, the newest first. */
    list: {
      params: {
        $$strict: true,
        event_type: OPTIONAL_TEXT,
        aggregate_id: OPTIONAL_TEXT,
        user_id: OPTIONAL_TEXT,
        service_name: OPTIONAL_TEXT,
        correlation_id: OPTIONAL_TEXT,
        from: OPTIONAL_TIME,
        to: OPTIONAL_TIME,
        ...PAGING,
      },
      handler(ctx: Context<EventFilter & Paging>) {
        return listEvents(this.collection, ctx.params);
      },
    },
    /** → `EventRecord`. Error: WEIR_EVENT_NOT_FOUND. */
    get: {
      params: { $$strict: true, event_id: TEXT },
      handler(ctx: Context<{ event_id: string }>) {
        return getEvent(this.collection, ctx.params.event_id);
      },
    },
    /** → `{ rows: EventRecord[], total, page, pageSize }`. */
    search: {
      params: { $$strict: true, text: TEXT, ...PAGING },
      handler(ctx: Context<Paging & { text: string }>) {
        return searchEvents(this.collection, ctx.params);
      },
    },
    /** → `{ total, oldest, newest, by_type: [{ event_type, count, oldest, newest }] }`. */
    stats: {
      params: { $$strict: true },
      handler() {
        return eventStats(this.collection);
      },
    },
  },
};

export default events;
