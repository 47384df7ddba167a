import type { EventEnvelope } from "../../../schemas/delivery";

/** One message of the demo, before it is sent. */
export interface StoryMessage {
  /** The event type to whose topic it goes. */
  type: string;
  key: string;
  value: Buffer | null;
  /** Set where the message is a valid event. */
  eventId?: string;
}

export interface StoryOptions {
  /** Part of every id, so that no two runs share any. */
  run: string;
  seed: number;
  /** A valid event of every type that the story needs. */
  exampleOf(type: string): EventEnvelope;
}

const USERS = 40;
const ORDERS = 60;
const DUPLICATES = 30;
const CONFLICTS = 2;
const BAD = 18;

/**
 * A few days of a small shop: users register, orders are placed, paid, shipped, cancelled. Some events are sent twice, some
 * cannot be handled by a sample plugin, some messages are no events. The same seed tells the same story.
 */
export function tellStory({ run, seed, exampleOf }: StoryOptions): StoryMessage[] {
  const random = seeded(seed);
  const timeline: { at: number; message: StoryMessage }[] = [];
  const good: { at: number; event: EventEnvelope }[] = [];
  let events = 0;

  const tell = (
    at: number,
    type: string,
    aggregate_id: string,
    payload: object,
    { repeatable = true } = {},
  ) => {
    events += 1;
    const example = exampleOf(type);
    const event = {
      ...example,
      event_id: `demo-${run}-${events}`,
      aggregate_id,
      timestamp: new Date().toISOString(),
      payload: { ...example.payload, ...payload },
    };
    timeline.push({ at, message: messageOf(event) });
    if (repeatable) good.push({ at, event });
  };

  for (let user = 1; user <= USERS; user += 1) {
    const at = random() * 100;
    const user_id = `demo-${run}-usr-${user}`;
    const domain = user <= 3 ? "bounce.example" : user <= 5 ? "greylist.example" : "customers.example";
    // A mail that is refused is refused for every copy of its event: repeating those would show nothing new.
    tell(at, "user.registered", user_id, { user_id, email: `${user}@${domain}` }, { repeatable: user > 5 });
    if (user % 2 === 0) tell(at + 5, "user.email_changed", user_id, { user_id });
  }
  for (let order = 1; order <= ORDERS; order += 1) {
    const at = random() * 100;
    const order_id = `demo-${run}-ord-${order}`;
    const payment_id = `demo-${run}-pay-${order}`;
    const amount_cents = 500 + Math.floor(random() * 20_000);
    tell(at, "order.placed", order_id, { order_id, total_cents: amount_cents });
    if (order % 6 === 0) {
      tell(at + 1, "payment.failed", payment_id, { payment_id, order_id, amount_cents });
      tell(at + 2, "order.cancelled", order_id, { order_id });
      continue;
    }
    const currency = order <= 2 ? "XXX" : "EUR";
    const captured = { payment_id, order_id, amount_cents, currency };
    tell(at + 1, "payment.captured", payment_id, captured, { repeatable: order > 2 });
    tell(at + 2, "order.paid", order_id, { order_id, payment_id, amount_cents });
    if (order % 10 !== 1) tell(at + 3, "order.shipped", order_id, { order_id });
  }

  for (let count = 1; count <= DUPLICATES; count += 1) {
    const { at, event } = pick(good, random);
    timeline.push({ at: at + 10 * random(), message: messageOf(event) });
  }
  const placed = good.filter(({ event }) => event.event_type === "order.placed");
  for (const { at, event } of placed.slice(0, CONFLICTS)) {
    const payload = { ...event.payload, note: "Sent again under the same id, with this note added" };
    timeline.push({ at: at + 20, message: messageOf({ ...event, payload }) });
  }
  for (let count = 1; count <= BAD; count += 1) {
    timeline.push({ at: random() * 100, message: badMessage(count, pick(good, random).event, run) });
  }
  return timeline.sort((a, b) => a.at - b.at).map(({ message }) => message);
}

function messageOf(event: EventEnvelope): StoryMessage {
  const { event_type: type, event_id: eventId, aggregate_id } = event;
  return { type, key: aggregate_id ?? eventId, value: Buffer.from(JSON.stringify(event)), eventId };
}

/** One of the ways to be no valid event, in turn. */
function badMessage(count: number, like: EventEnvelope, run: string): StoryMessage {
  const type = like.event_type;
  const event = { ...like, event_id: `demo-${run}-bad-${count}` };
  const ways: (Buffer | null)[] = [
    Buffer.from(`${JSON.stringify(event).slice(0, -1)},`),
    Buffer.from([0xc3, 0x28, 0xa0, 0xa1, 0xff]),
    null,
    Buffer.from(JSON.stringify({ ...event, event_type: "order.teleported" })),
    Buffer.from(JSON.stringify({ ...event, payload: { hello: "world" } })),
    Buffer.from(JSON.stringify({ ...event, timestamp: "yesterday at noon" })),
  ];
  return { type, key: event.aggregate_id ?? event.event_id, value: ways[count % ways.length] ?? null };
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** mulberry32: a small generator whose numbers a seed decides. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
