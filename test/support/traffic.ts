import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { EventEnvelope } from "../../schemas/delivery";
import type { RawMessage } from "./kafka";
import type { Space } from "./space";

const EVENTS = path.resolve(__dirname, "../../schemas/events");

/** What was sent, so that a ledger can be held against what became of it. */
export interface Traffic {
  /** Distinct valid events by id. */
  good: Map<string, EventEnvelope>;
  /** How many of the messages were second copies. */
  duplicates: number;
  /** The exact bytes of messages that no handler may see, in hex; each is different. */
  bad: string[];
  /** All messages by event type, in the order in which they are to be sent. */
  messages: Map<string, RawMessage[]>;
}

export interface TrafficOptions {
  types: string[];
  /** Distinct good events. */
  events: number;
  /** Shares of the good events: 0.1 is ten in a hundred. */
  duplicates?: number;
  bad?: number;
  /** Different Kafka keys. */
  keys?: number;
  seed?: number;
}

/** The first valid example of an event type, as its file has it. */
export function exampleOf(type: string): EventEnvelope {
  const folder = path.join(EVENTS, type, "examples");
  const file = readdirSync(folder)
    .sort()
    .find((name) => name.startsWith("valid-"));
  return JSON.parse(readFileSync(path.join(folder, String(file)), "utf8"));
}

/** One message of a traffic, in the order in which it is to be sent. */
export interface TrafficMessage {
  /** `copy`: sent before, and sent again. */
  kind: "good" | "copy" | "bad";
  type: string;
  message: RawMessage;
  /** The event that it is, or that a bad one stands behind. */
  event: EventEnvelope;
}

/** Makes a known set of messages one by one, without keeping any: the same options give the same messages. */
export function* messagesOf(options: TrafficOptions): Generator<TrafficMessage> {
  const { types, events, duplicates = 0, bad = 0, keys = 50, seed = 1 } = options;
  const random = seeded(seed);
  const examples = types.map(exampleOf);
  const eventAt = (index: number): EventEnvelope => ({
    ...(examples[index % examples.length] as EventEnvelope),
    event_id: eventIdOf(index, seed),
    aggregate_id: `a${index % keys}`,
  });
  const messageOf = (kind: "good" | "copy", event: EventEnvelope): TrafficMessage => ({
    kind,
    type: event.event_type,
    message: { key: event.aggregate_id, value: JSON.stringify(event) },
    event,
  });
  let badSoFar = 0;
  for (let index = 0; index < events; index += 1) {
    const event = eventAt(index);
    yield messageOf("good", event);
    if (random() < duplicates) yield messageOf("copy", eventAt(Math.floor(random() * (index + 1))));
    if (random() < bad) {
      const value = badBytes(badSoFar, event);
      badSoFar += 1;
      yield { kind: "bad", type: event.event_type, message: { key: event.aggregate_id, value }, event };
    }
  }
}

/** The id of a traffic's event number `index`, from 0 on. */
export function eventIdOf(index: number, seed = 1): string {
  return `${seed}-${index}`;
}

/** A known set of messages as a whole, for as many as fit well into memory. */
export function makeTraffic(options: TrafficOptions): Traffic {
  const traffic: Traffic = {
    good: new Map(),
    duplicates: 0,
    bad: [],
    messages: new Map(options.types.map((type) => [type, []])),
  };
  for (const { kind, type, message, event } of messagesOf(options)) {
    traffic.messages.get(type)?.push(message);
    if (kind === "good") traffic.good.set(event.event_id, event);
    if (kind === "copy") traffic.duplicates += 1;
    if (kind === "bad") traffic.bad.push(Buffer.from(message.value ?? "").toString("hex"));
  }
  return traffic;
}

/** One of the ways to be no valid event; `number` makes each one's bytes different. */
function badBytes(number: number, event: EventEnvelope): Buffer {
  const tail = `${event.event_id}-${number}`;
  const ways: (() => Buffer)[] = [
    () => Buffer.from(`{"not json": ${tail}`),
    () => Buffer.concat([Buffer.from([0xc3, 0x28]), Buffer.from(tail)]),
    () => Buffer.from(JSON.stringify({ ...event, event_id: tail, event_type: "no.such_type" })),
    () => Buffer.from(JSON.stringify({ ...event, event_id: tail, payload: { nothing: "that fits" } })),
    () => Buffer.from(JSON.stringify({ ...event, event_id: tail, timestamp: "yesterday" })),
    () => Buffer.from(JSON.stringify([tail])),
    () =>
      Buffer.from(JSON.stringify({ ...event, event_id: tail, metadata: { ...event.metadata, "a\0b": 1 } })),
    () =>
      Buffer.from(
        JSON.stringify({ ...event, event_id: tail }).replace(
          '"metadata":{',
          `"metadata":{"deep":${"[".repeat(200)}${"]".repeat(200)},`,
        ),
      ),
  ];
  return (ways[number % ways.length] as () => Buffer)();
}

/** Sends all messages of a traffic. */
export async function sendTraffic(space: Space, traffic: Traffic): Promise<void> {
  for (const [type, messages] of traffic.messages) await space.produce(type, messages);
}

/** A small generator (mulberry32) whose numbers a seed decides. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
