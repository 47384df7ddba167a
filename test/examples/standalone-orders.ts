// A service with the mixin on a broker of its own, without the gateway.
import { ServiceBroker } from "moleculer";
import { type MongoServiceSchema, mongoSchema } from "../../mixins/mongo-schema.mixin";

interface Order {
  order_id: string;
  total: number;
  placed_at: Date;
}

export function ordersOn(url: string, database: string): MongoServiceSchema<Order> {
  return {
    name: "orders",
    settings: { mongo: { url, database, indexPolicy: "fail" } },
    mixins: [
      mongoSchema({
        collection: "orders",
        jsonSchema: {
          type: "object",
          required: ["order_id", "total"],
          properties: { order_id: { type: "string" }, total: { type: "number", minimum: 0 } },
        },
        indexes: [
          { key: { order_id: 1 }, unique: true, required: true, description: "one order by its id" },
          { key: { placed_at: 1 }, expireAfterSeconds: 365 * 86_400, description: "kept for a year" },
        ],
      }),
    ],
    actions: {
      async place(ctx) {
        const { order_id, total } = ctx.params as Order;
        await this.collection.insertOne({ order_id, total, placed_at: new Date() });
      },
      get(ctx) {
        const { order_id } = ctx.params as Pick<Order, "order_id">;
        return this.adapter.collection.findOne({ order_id }, { projection: { _id: 0, placed_at: 0 } });
      },
    },
  };
}

export function standaloneBroker(url: string, database: string): ServiceBroker {
  const broker = new ServiceBroker({ logger: false });
  broker.createService(ordersOn(url, database));
  return broker;
}
