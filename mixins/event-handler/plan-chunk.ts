import type { Entry } from "./chunk";
import type { ResolvedHandler } from "./options";

/** The part of an entry that decides about order. */
type Ordered = Pick<Entry, "handler"> & { item: { delivery: { key: string | null } } };

/** What runs before the next step begins: one call of a batch handler, or single events side by side. */
export interface Step<Item> {
  batch: ResolvedHandler | null;
  work: Item[];
}

/**
 * Puts the chunk's events into steps so that events of one Kafka key stay in order although different handlers take
 * them, with as few calls of batch handlers as that allows. Events without a key have no order.
 */
export function planChunk<Item extends Ordered>(work: readonly Item[]): Step<Item>[] {
  const first = work[0]?.handler;
  // The common case: one call keeps every order.
  if (first?.batch && work.every(({ handler }) => handler === first))
    return [{ batch: first, work: [...work] }];
  const steps: Step<Item>[] = [];
  const lastStepOfKey = new Map<string, number>();
  const lastStepOfHandler = new Map<ResolvedHandler | null, number>();
  for (const item of work) {
    const { key } = item.item.delivery;
    const batch = item.handler.batch ? item.handler : null;
    const earliest = key === null ? 0 : (lastStepOfKey.get(key) ?? 0);
    let at = lastStepOfHandler.get(batch) ?? -1;
    if (at < earliest) {
      at = steps.length;
      steps.push({ batch, work: [] });
      lastStepOfHandler.set(batch, at);
    }
    steps[at]?.work.push(item);
    if (key !== null) lastStepOfKey.set(key, at);
  }
  return steps;
}

/** Lanes of a step of single events: each holds the events of one Kafka key in order, or one event without a key. */
export function lanesOf<Item extends Ordered>(work: readonly Item[]): Item[][] {
  const lanes: Item[][] = [];
  const laneOfKey = new Map<string, Item[]>();
  for (const item of work) {
    const { key } = item.item.delivery;
    const lane = key === null ? undefined : laneOfKey.get(key);
    if (lane) {
      lane.push(item);
      continue;
    }
    const fresh = [item];
    lanes.push(fresh);
    if (key !== null) laneOfKey.set(key, fresh);
  }
  return lanes;
}
