import type { Collection } from "mongodb";
import {
  type CollectionDeclaration,
  type MongoCollections,
  type MongoServiceSchema,
  mongoSchema,
} from "../../../mixins/mongo-schema.mixin";

interface Order {
  order_id: string;
  total: number;
}

/** Fails to compile unless both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => undefined;

describe("types of a service with the mixin", () => {
  it("give the document's type to its collection, everywhere", () => {
    same<MongoCollections<Order>["collection"], Collection<Order>>(true);
    same<MongoCollections<Order>["adapter"]["collection"], Collection<Order>>(true);
    const schema: MongoServiceSchema<Order> = {
      name: "orders",
      mixins: [mongoSchema({ collection: "orders" })],
      actions: {
        async total() {
          const order = await this.adapter.collection.findOne({ order_id: "a" });
          same<typeof order, Order | null>(true);
          // @ts-expect-error: no such member
          return order?.totl;
        },
        find() {
          // @ts-expect-error: a number is no order_id
          return this.collection.findOne({ order_id: 1 });
        },
      },
    };
    return schema;
  });

  it("know the options and directions of an index", () => {
    const declarations: CollectionDeclaration[] = [
      { collection: "c", indexes: [{ key: { a: 1, b: -1, c: "hashed" }, unique: true, hidden: false }] },
      // @ts-expect-error: a misspelt option
      { collection: "c", indexes: [{ key: { a: 1 }, uniqe: true }] },
      // @ts-expect-error: no such direction
      { collection: "c", indexes: [{ key: { a: 2 } }] },
      // @ts-expect-error: no such policy
      { collection: "c", policy: "maybe" },
    ];
    return declarations;
  });
});
