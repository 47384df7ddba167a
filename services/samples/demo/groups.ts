import type { Db } from "mongodb";
import { matchesAny } from "../../../mixins/event-handler/patterns";

/** A group that the demo follows. */
export interface DemoGroup {
  group: string;
  /** What its plugin asks for. */
  patterns: string[];
  /** True where handled events are known by claims in `idempotency_keys` as well. */
  claims: boolean;
  /** Which of these events have left their effect in the plugin's own collection. */
  effects(db: Db, eventIds: string[]): Promise<string[]>;
}

export const DEMO_GROUPS: DemoGroup[] = [
  {
    group: "events",
    patterns: ["**"],
    claims: false,
    effects: (db, eventIds) => oneDocumentEach(db, "events", eventIds),
  },
  {
    group: "order-projection",
    patterns: ["order.*"],
    claims: true,
    async effects(db, eventIds) {
      const orders = db.collection<{ events: string[] }>("sample_orders");
      const found = await orders.find({ events: { $in: eventIds } }).toArray();
      return found.flatMap(({ events }) => events);
    },
  },
  {
    group: "notifier",
    patterns: ["user.registered", "order.shipped", "payment.failed"],
    claims: true,
    effects: (db, eventIds) => oneDocumentEach(db, "sample_mails", eventIds),
  },
  {
    group: "revenue",
    patterns: ["payment.captured"],
    claims: true,
    effects: (db, eventIds) => oneDocumentEach(db, "sample_payments", eventIds),
  },
];

export function wants({ patterns }: DemoGroup, eventType: string): boolean {
  return matchesAny(patterns, eventType);
}

async function oneDocumentEach(db: Db, collection: string, eventIds: string[]): Promise<string[]> {
  const found = await db
    .collection<{ event_id: string }>(collection)
    .find({ event_id: { $in: eventIds } }, { projection: { event_id: 1 } })
    .toArray();
  return found.map(({ event_id }) => event_id);
}
