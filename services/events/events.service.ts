import type { Context } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import {
  type MongoSchemaService,
  type MongoServiceSchema,
  mongoSchema,
} from "../../mixins/mongo-schema.mixin";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import { announceStored } from "./announce-stored";
import { eventIndexes } from "./indexes";
import {
  type EventFilter,
  eventStats,
  getEvent,
  listEvents,
  type Paging,
  searchEvents,
} from "./query-events";
import { storeEvents } from "./store-events";
import type { StoredEvent } from "./stored-event";

const text = { type: "string", min: 1, max: 1_000 };
const optionalText = { ...text, optional: true };
const paging = {
  page: { type: "number", integer: true, min: 1, max: 1_000_000, optional: true, convert: true },
  pageSize: { type: "number", integer: true, min: 1, max: 500, optional: true, convert: true },
};
const time = { type: "string", pattern: /^\d{4}-\d{2}-\d{2}/, optional: true };

/** Stores every accepted event, and is the one group that dead-letters what no group can be handed. */
const events: MongoServiceSchema<StoredEvent> = {
  name: "events",
  mixins: [
    mongoSchema({ collection: "events", indexes: eventIndexes }),
    eventHandler({
      deadLettersRefused: true,
      handlers: {
        "**": {
          batch: true,
          // The unique event_id makes storing idempotent: claims would cost writes and add nothing.
          idempotency: false,
          async handler(this: MongoSchemaService<StoredEvent>, accepted, deliveries) {
            const { eventTtlDays } = configurationOf(this.broker);
            const outcomes = await storeEvents(this.collection, accepted, deliveries, {
              ttlDays: eventTtlDays,
              now: new Date(),
            });
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
        event_type: optionalText,
        aggregate_id: optionalText,
        user_id: optionalText,
        service_name: optionalText,
        correlation_id: optionalText,
        from: time,
        to: time,
        ...paging,
      },
      handler(ctx: Context<EventFilter>) {
        return listEvents(this.collection, ctx.params);
      },
    },
    /** → `EventRecord`. Error: WEIR_EVENT_NOT_FOUND. */
    get: {
      params: { $$strict: true, event_id: text },
      handler(ctx: Context<{ event_id: string }>) {
        return getEvent(this.collection, ctx.params.event_id);
      },
    },
    /** → `{ rows: EventRecord[], total, page, pageSize }`. */
    search: {
      params: { $$strict: true, text, ...paging },
      handler(ctx: Context<Paging & { text: string }>) {
        return searchEvents(this.collection, ctx.params);
      },
    },
    /** → `{ total, by_type: [{ event_type, count, newest }] }`. */
    stats: {
      params: { $$strict: true },
      handler() {
        return eventStats(this.collection);
      },
    },
  },
};

export default events;
