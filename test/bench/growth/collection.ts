import type { Collection } from "mongodb";
import type { EventEnvelope } from "../../../schemas/delivery";
import { eventMaker } from "../session/events";
import { fill } from "../session/fill";
import { measure } from "../session/measure";
import type { Session } from "../session/session";
import { contender } from "../ways/contenders";
import { createEventIndexes, documentOf, keptFromNow } from "../ways/hand-made-store";
import { type Curve, type GrowthOptions, type Point, Points } from "./curve";
import { base } from "./sweep";

const WAYS = ["bare", "gateway", "gateway-tx"] as const;
const INSERT = 5_000;

/** One database whose collection of events grows, and a backlog of other events at each of its sizes. */
export const collection: Curve = {
  name: "collection",
  title: "Throughput against the size of the collection of events",
  x: "stored events",
  y: "events/s",
  async measure(session: Session, options: GrowthOptions): Promise<Point[]> {
    const points = new Points();
    const database = session.name();
    const stored = session.mongo.db(database).collection("events");
    await createEventIndexes(session.mongo.db(database));
    try {
      let from = 0;
      for (const place of [0, 0.2, 0.4, 0.6, 0.8, 1].map((part) => Math.round(options.stored * part))) {
        await storeOld(stored, from, place);
        from = place;
        for (let round = 1; round <= options.rounds; round += 1) {
          for (const name of WAYS) {
            const idPrefix = `bench-${place}-${name}-${round}`;
            const filled = await fill(session, { ...base(options), idPrefix });
            const run = { plugins: 1, round, database };
            const { measurement } = await measure(session, contender(name), filled, run);
            points.add(name, place, measurement.eventsPerSecond);
            await session.deleteTopics(filled.topicPrefix);
          }
        }
      }
    } finally {
      await session.forget(database);
    }
    return points.all();
  },
};

/** Stores the events `from` … `to` (exclusive), as if the gateway had done so. */
async function storeOld(events: Collection, from: number, to: number): Promise<void> {
  const make = eventMaker(0, "old");
  for (let at = from; at < to; at += INSERT) {
    const numbers = Array.from({ length: Math.min(INSERT, to - at) }, (_, index) => at + index);
    await events.insertMany(
      numbers.map((number) => oldDocument(JSON.parse(make(number).value), number)),
      { ordered: false },
    );
  }
}

export function oldDocument(event: EventEnvelope, number: number): object {
  const place = { topic: "old", partition: 0, offset: String(number), key: event.aggregate_id ?? null };
  return documentOf(event, place, keptFromNow());
}
