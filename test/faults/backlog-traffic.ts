import { createHash } from "node:crypto";
import { type RawMessage, withIdempotentProducer } from "../support";
import { type SentEvents, sentBy } from "../support/sent-events";
import { messagesOf, type TrafficOptions } from "../support/traffic";
import { type Scene, TYPES } from "./scene";

/** Many: a handler of single events works on different keys side by side. */
const KEYS = 1_000;
const MESSAGES_PER_SEND = 4_000;

/** What was sent, without the messages themselves. */
export interface BacklogSent {
  events: SentEvents;
  messages: number;
  /** The digests of the bad messages' bytes. */
  bad: string[];
}

/** Sends so many events, a tenth of them twice, and a twentieth as many bad messages; no more than one request is in memory. */
export async function sendBacklog({ space }: Scene, events: number): Promise<BacklogSent> {
  const options: TrafficOptions = { types: TYPES, events, duplicates: 0.1, bad: 0.05, keys: KEYS, seed: 9 };
  const bad: string[] = [];
  let messages = 0;
  await withIdempotentProducer(async (producer) => {
    let waiting = new Map<string, RawMessage[]>();
    let count = 0;
    const send = async () => {
      const topicMessages = [...waiting].map(([type, list]) => ({
        topic: space.topic(type),
        messages: list.map((message) => ({ key: null, ...message })),
      }));
      await producer.sendBatch({ acks: -1, topicMessages });
      messages += count;
      waiting = new Map();
      count = 0;
    };
    for (const { kind, type, message } of messagesOf(options)) {
      if (kind === "bad") bad.push(digestOf(Buffer.from(message.value ?? "")));
      const list = waiting.get(type);
      if (list) list.push(message);
      else waiting.set(type, [message]);
      count += 1;
      if (count === MESSAGES_PER_SEND) await send();
    }
    if (count > 0) await send();
  });
  return { events: sentBy(options), messages, bad };
}

/** Stands for the exact bytes of a message. */
export function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
