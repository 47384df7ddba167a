import { type FillOptions, fill } from "../session/fill";
import { type MeasureOptions, measure } from "../session/measure";
import type { Measurement } from "../session/measurement";
import type { Session } from "../session/session";
import { type ContenderName, contender } from "../ways/contenders";
import { type Curve, type GrowthOptions, type Point, Points } from "./curve";

export const PARTITIONS = 4;
const BYTES = 500;

export const base = ({ events }: GrowthOptions): FillOptions => ({
  partitions: PARTITIONS,
  bytes: BYTES,
  events,
});

export interface Sweep extends Omit<Curve, "measure"> {
  ways: readonly ContenderName[];
  places(options: GrowthOptions): number[];
  fill?(place: number, options: GrowthOptions): Partial<FillOptions>;
  run?(place: number): Partial<MeasureOptions>;
}

/** A curve whose places have nothing to do with each other: a topic for each, drained by all ways in turn. */
export function sweep({ ways, places, fill: filling, run, ...curve }: Sweep): Curve {
  return {
    ...curve,
    async measure(session: Session, options: GrowthOptions): Promise<Point[]> {
      const points = new Points();
      for (const place of places(options)) {
        const filled = await fill(session, { ...base(options), ...filling?.(place, options) });
        for (let round = 1; round <= options.rounds; round += 1) {
          for (const name of ways) {
            const { measurement } = await measure(session, contender(name), filled, {
              plugins: 1,
              round,
              ...run?.(place),
            });
            points.add(name, place, rateOf(measurement, curve.y));
          }
        }
        await session.deleteTopics(filled.topicPrefix);
      }
      return points.all();
    },
  };
}

export function rateOf(measurement: Measurement, y: Curve["y"]): number {
  return y === "events/s" ? measurement.eventsPerSecond : measurement.deliveriesPerSecond;
}
