import type { EventEnvelope } from "../../schemas/delivery";
import { eventIdOf, type Traffic, type TrafficOptions } from "./traffic";

/** The valid events that were sent, each known by its number from 0 on, so that nobody needs to keep them. */
export interface SentEvents {
  readonly count: number;
  /** Undefined where no such event was sent. */
  numberOf(eventId: string): number | undefined;
  idOf(number: number): string;
  typeOf(number: number): string;
}

/** The events of a traffic that is there as a whole. */
export function sentIn({ good }: Pick<Traffic, "good">): SentEvents {
  const events = [...good.values()];
  const numbers = new Map(events.map(({ event_id }, number) => [event_id, number]));
  const at = (number: number) => events[number] as EventEnvelope;
  return {
    count: events.length,
    numberOf: (eventId) => numbers.get(eventId),
    idOf: (number) => at(number).event_id,
    typeOf: (number) => at(number).event_type,
  };
}

/** The same, of a traffic that was made message by message. */
export function sentBy({ types, events, seed }: TrafficOptions): SentEvents {
  const idOf = (number: number) => eventIdOf(number, seed);
  return {
    count: events,
    numberOf: (eventId) => {
      const number = Number(eventId.slice(eventId.indexOf("-") + 1));
      return Number.isInteger(number) && number >= 0 && number < events && idOf(number) === eventId
        ? number
        : undefined;
    },
    idOf,
    typeOf: (number) => types[number % types.length] as string,
  };
}
