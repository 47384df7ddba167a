import { eventHandler } from "../../mixins/event-handler.mixin";
import { mongoSchema } from "../../mixins/mongo-schema.mixin";

export default {
  name: "points",
  mixins: [
    // The collection must be there before: no transaction should have to create it.
    mongoSchema({ collection: "points", indexes: [{ key: { user_id: 1 }, unique: true }] }),
    eventHandler({
      transaction: true,
      handlers: {
        async "order.paid"(event, { tx }) {
          const user_id = event.metadata.user_id ?? "guest";
          const points = Math.floor(event.payload.amount_cents / 100);
          await tx.collection("points").updateOne({ user_id }, { $inc: { points } }, { upsert: true });
        },
      },
    }),
  ],
};
