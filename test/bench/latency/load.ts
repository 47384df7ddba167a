import { setTimeout as delay } from "node:timers/promises";
import type { Producer } from "kafkajs";
import { sharedNow } from "../session/clock";
import type { EventMessage } from "../session/events";

export interface Load {
  topic: string;
  /** Events a second. */
  rate: number;
  /** The events' numbers: from inclusive, to exclusive. */
  from: number;
  to: number;
  messageAt(number: number): EventMessage;
}

/** By event number, on the shared clock: when each was due, and when Kafka acknowledged it. */
export interface Sent {
  dueAt: Float64Array;
  ackedAt: Float64Array;
}

/**
 * Sends at a fixed rate, whatever becomes of what was sent before (an open loop): each event has its time, and what is due goes
 * with the next request. Where the consumer, Kafka or this sender stalls, the stall counts for every event that it delays,
 * because their times stay as they are.
 */
export async function sendAtRate(producer: Producer, load: Load, { dueAt, ackedAt }: Sent): Promise<void> {
  const { topic, rate, from, to, messageAt } = load;
  const everyMs = 1_000 / rate;
  const begin = sharedNow();
  for (let next = from; next < to; ) {
    const due = Math.min(to, from + Math.floor((sharedNow() - begin) / everyMs) + 1);
    if (due === next) {
      await delay(1);
      continue;
    }
    const numbers = Array.from({ length: due - next }, (_, index) => next + index);
    await producer.send({ topic, messages: numbers.map(messageAt) });
    const acked = sharedNow();
    for (const number of numbers) {
      dueAt[number] = begin + (number - from) * everyMs;
      ackedAt[number] = acked;
    }
    next = due;
  }
}
