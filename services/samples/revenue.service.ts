import { type BatchOutcome, eventHandler } from "../../mixins/event-handler.mixin";
import {
  type MongoSchemaService,
  type MongoServiceSchema,
  mongoSchema,
} from "../../mixins/mongo-schema.mixin";
import { type DailyRevenue, dailyRevenue, type Payment, paymentOf } from "./revenue/payment";

type Revenue = MongoSchemaService<Payment>;

/** Tells what was earned on which day. A batch handler: one write for all events of a chunk, up to 1,000 of them. */
const revenue: MongoServiceSchema<Payment> = {
  name: "revenue",
  mixins: [
    mongoSchema({
      collection: "sample_payments",
      description: "Sample: the payments that the daily revenue is summed up from.",
      indexes: [
        { key: { payment_id: 1 }, unique: true, description: "a payment counts once" },
        { key: { day: 1, currency: 1 }, description: "revenue.byDay" },
      ],
    }),
    eventHandler({
      handlers: {
        "payment.captured": {
          batch: true,
          // Type and id of an event are what duplicates are known by. It is the default, and stands here to be seen.
          idempotency: "event",
          async handler(this: Revenue, events): Promise<BatchOutcome[]> {
            const payments = events.map(paymentOf);
            const writes = payments.filter((payment) => payment !== null).map(upsert);
            if (writes.length > 0) await this.collection.bulkWrite(writes, { ordered: false });
            // One answer per event: the others are done, also where one of them has failed.
            return payments.map((payment) => (payment ? { status: "completed" } : NO_CURRENCY));
          },
        },
      },
    }),
  ],

  actions: {
    /** Sums of the captured payments, the latest day first. */
    byDay: {
      params: { $$strict: true },
      handler(): Promise<DailyRevenue[]> {
        return dailyRevenue(this.collection);
      },
    },
  },
};

const NO_CURRENCY: BatchOutcome = {
  status: "failed",
  reason: "no_currency",
  error: { type: "NO_CURRENCY", message: "XXX stands for no currency: nothing can be added up in it." },
};

/**
 * A document per payment instead of a sum per day: adding to a sum twice would be wrong, and an event that was in
 * hand when a process died is delivered twice. Writing the same document twice is harmless.
 */
function upsert(payment: Payment) {
  return {
    updateOne: { filter: { payment_id: payment.payment_id }, update: { $set: payment }, upsert: true },
  };
}

export default revenue;
