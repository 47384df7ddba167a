import type { EventEnvelope } from "../../../schemas/delivery";
import { sharedNow } from "../session/clock";
import { numberOf } from "../session/events";

/** What every measured handler does: nothing, but for being counted. */
export interface Handled {
  count: number;
  times?: Float64Array;
  /** Called with the events of a batch, or with a single one. */
  note(events: readonly EventEnvelope[]): void;
}

/** @param timesOf keeps when each of so many events came first */
export function handledEvents(timesOf?: number): Handled {
  const times = timesOf === undefined ? undefined : new Float64Array(timesOf);
  return {
    count: 0,
    times,
    note(events) {
      this.count += events.length;
      if (!times) return;
      const now = sharedNow();
      for (const { event_id } of events) {
        const number = numberOf(event_id);
        if (times[number] === 0) times[number] = now;
      }
    },
  };
}
