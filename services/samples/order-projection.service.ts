import { type Context, Errors } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import {
  type MongoSchemaService,
  type MongoServiceSchema,
  mongoSchema,
} from "../../mixins/mongo-schema.mixin";
import type { EventFor } from "../../schemas/event-for";
import { describeOrder, type Order, type OrderView } from "./order-projection/order";

type OrderProjection = MongoSchemaService<Order>;

/** Keeps one document per order, made of the order's events: what a shop's "my orders" page would read. */
const orderProjection: MongoServiceSchema<Order> = {
  name: "order-projection",
  mixins: [
    // The collection and its indexes are there before the first event comes.
    mongoSchema({
      collection: "sample_orders",
      description: "Sample: one document per order, made of its events.",
      indexes: [
        { key: { order_id: 1 }, unique: true, description: "an order is one document" },
        { key: { customer_id: 1, placed_at: -1 }, description: "a customer's latest orders" },
      ],
    }),
    // A handler is told of its events' members by their type: `event.payload.order_id` is known to be a string.
    eventHandler({
      handlers: {
        "order.placed"(this: OrderProjection, event) {
          const { customer_id, total_cents, currency } = event.payload;
          const placed_at = new Date(event.timestamp);
          return remember(this, event, { customer_id, total_cents, currency, placed_at });
        },
        "order.paid"(this: OrderProjection, event) {
          return remember(this, event, { paid_at: new Date(event.payload.paid_at) });
        },
        "order.shipped"(this: OrderProjection, event) {
          const { carrier, tracking_number, shipped_at } = event.payload;
          return remember(this, event, { shipped_at: new Date(shipped_at), carrier, tracking_number });
        },
        "order.cancelled"(this: OrderProjection, event) {
          const { cancelled_at, reason } = event.payload;
          return remember(this, event, { cancelled_at: new Date(cancelled_at), cancel_reason: reason });
        },
      },
    }),
  ],

  actions: {
    /** One order as its events have made it so far. */
    get: {
      params: { $$strict: true, order_id: { type: "string", min: 1, max: 64 } },
      async handler(ctx: Context<{ order_id: string }>): Promise<OrderView> {
        const { order_id } = ctx.params;
        const order = await this.collection.findOne({ order_id });
        if (order) return describeOrder(order);
        throw new Errors.MoleculerClientError(
          `No event told of order ${order_id} yet.`,
          404,
          "ORDER_UNKNOWN",
        );
      },
    },
  },
};

/**
 * Each event type has a topic of its own, and between topics there is no order: an order may be paid before it is placed.
 * So an event sets its own fields alone, and whichever comes first makes the document. Setting fields twice is setting
 * them once: that is why this handler need not care whether an event is delivered again.
 */
function remember({ collection }: OrderProjection, event: EventFor<"order.*">, fields: Partial<Order>) {
  return collection.updateOne(
    { order_id: event.payload.order_id },
    { $set: fields, $addToSet: { events: event.event_id } },
    { upsert: true },
  );
}

export default orderProjection;
