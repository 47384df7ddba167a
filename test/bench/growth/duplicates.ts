import { seeded } from "../../support/traffic";
import { fill } from "../session/fill";
import type { Filled } from "../session/filled";
import { measure } from "../session/measure";
import type { Session } from "../session/session";
import { type ContenderName, contender } from "../ways/contenders";
import { type Curve, type GrowthOptions, type Point, Points } from "./curve";
import { OLD, writeOldClaims } from "./old-claims";
import { base } from "./sweep";

const WAYS: readonly ContenderName[] = ["bare", "gateway", "gateway-tx"];
const PERCENT = [0, 1, 10];
/** Old duplicates are spread over so many times as many old keys as there are events in the backlog. */
const OLD_KEYS_PER_EVENT = 5;

/** Copies of events of the same backlog, and of events whose keys were claimed long before. */
export const duplicates: Curve = {
  name: "duplicates",
  title: "Throughput against the share of duplicates",
  x: "duplicates in a hundred",
  y: "events/s",
  async measure(session: Session, options: GrowthOptions): Promise<Point[]> {
    const points = new Points();
    for (const percent of PERCENT) {
      for (const age of ["fresh", "an hour old"] as const) {
        const oldKeys = age === "fresh" ? 0 : options.events * OLD_KEYS_PER_EVENT;
        const { numbers, distinct } = mixture(options.events, percent / 100, oldKeys);
        const numberAt = (message: number) => numbers[message] ?? message;
        const filled = await fill(session, { ...base(options), numberAt, distinct });
        const old = numbers.filter((number) => number >= OLD);
        for (let round = 1; round <= options.rounds; round += 1) {
          for (const way of WAYS) {
            points.add(`${way}, ${age}`, percent, await rate(session, way, filled, round, { oldKeys, old }));
          }
        }
        await session.deleteTopics(filled.topicPrefix);
      }
    }
    return points.all();
  },
};

async function rate(
  session: Session,
  way: ContenderName,
  filled: Filled,
  round: number,
  { oldKeys, old }: { oldKeys: number; old: number[] },
): Promise<number> {
  const database = session.name();
  try {
    if (oldKeys > 0) await writeOldClaims(session, database, way === "bare", oldKeys, old);
    const { measurement } = await measure(session, contender(way), filled, { plugins: 1, round, database });
    return measurement.eventsPerSecond;
  } finally {
    await session.forget(database);
  }
}

/**
 * The events of a backlog by number: a share of the messages repeats an earlier one, or, where there are old keys, one of
 * those. `distinct` are those that nobody has handled before.
 */
export function mixture(
  events: number,
  share: number,
  oldKeys: number,
): { numbers: number[]; distinct: number } {
  const random = seeded(7);
  const numbers: number[] = [];
  let distinct = 0;
  for (let message = 0; message < events; message += 1) {
    if (distinct === 0 || random() >= share) {
      numbers.push(distinct);
      distinct += 1;
    } else {
      const below = oldKeys > 0 ? oldKeys : distinct;
      numbers.push((oldKeys > 0 ? OLD : 0) + Math.floor(random() * below));
    }
  }
  return { numbers, distinct };
}
