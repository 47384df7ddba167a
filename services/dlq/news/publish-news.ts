import type { Collection, ObjectId } from "mongodb";
import type { Configuration } from "../../../schemas/configuration/configuration";
import type { LetterMessage } from "../../../schemas/letter-message";
import type { Letter } from "../letter";
import { type DlqState, holdLease } from "../state";
import { eventMessage, mirrorMessage } from "./messages";

export interface NewsPorts {
  collection: Collection<Letter>;
  state: Collection<DlqState>;
  topics: Pick<Configuration["dlq"], "eventsTopic" | "mirrorTopic">;
  /** Resolves when Kafka has acknowledged all of them. */
  send(messages: LetterMessage[]): Promise<void>;
  now(): Date;
  /** Told of a message that Kafka will never take. */
  leftOut(message: LetterMessage, problem: string): void;
}

/** Longer than sending takes, with the client's own tries: one gateway at a time publishes, so that nothing overtakes. */
const LEASE_MS = 60_000;
const MOST_LETTERS = 100;
const MOST_BYTES = 512 * 1024;

/**
 * Sends what Kafka is still to be told, the oldest first, and then forgets it: at least once, since what dies in between
 * sends it again. Throws when Kafka does not take it; everything is kept then.
 */
export async function publishNews(ports: NewsPorts, owner: string): Promise<void> {
  for (;;) {
    const letters = await lettersWithNews(ports);
    if (letters.length === 0) return;
    if (!(await holdLease(ports.state, "news", { owner, now: ports.now(), ms: LEASE_MS }))) return;
    await sendAll(ports, await messagesOf(ports, letters));
    await forget(ports.collection, letters);
  }
}

/** So many that their copies are small enough for one request, or one. */
async function lettersWithNews({ collection }: NewsPorts): Promise<Letter[]> {
  const found = await collection
    .find({ "news.at": { $exists: true } } as object, { projection: { raw: 0, history: 0, versions: 0 } })
    .sort({ "news.at": 1 })
    .limit(MOST_LETTERS)
    .toArray();
  let bytes = 0;
  return found.filter((letter, index) => {
    if (isCopied(letter)) bytes += letter.raw_bytes;
    return index === 0 || bytes <= MOST_BYTES;
  });
}

function isCopied({ news = [] }: Letter): boolean {
  return news.some(({ what }) => what === "mirror");
}

async function messagesOf({ collection, topics }: NewsPorts, letters: Letter[]): Promise<LetterMessage[]> {
  const copied = letters.filter(isCopied).map(({ _id }) => _id);
  const raws = await rawsOf(collection, copied);
  return letters.flatMap((letter) =>
    (letter.news ?? []).flatMap((news): LetterMessage[] => {
      if (news.what !== "mirror") {
        return topics.eventsTopic ? [eventMessage(topics.eventsTopic, letter, news)] : [];
      }
      const raw = raws.get(letter._id.toHexString()) ?? null;
      return topics.mirrorTopic ? [mirrorMessage(topics.mirrorTopic, { ...letter, raw })] : [];
    }),
  );
}

async function rawsOf(collection: Collection<Letter>, ids: ObjectId[]): Promise<Map<string, Letter["raw"]>> {
  if (ids.length === 0) return new Map();
  const found = await collection.find({ _id: { $in: ids } }, { projection: { raw: 1 } }).toArray();
  return new Map(found.map(({ _id, raw }) => [_id.toHexString(), raw]));
}

async function sendAll({ send, leftOut }: NewsPorts, messages: LetterMessage[]): Promise<void> {
  if (messages.length === 0) return;
  try {
    await send(messages);
  } catch (error) {
    if ((error as { type?: string }).type !== "WEIR_EVENT_TOO_LARGE") throw error;
    const [only, ...more] = messages;
    if (only && more.length === 0) return leftOut(only, (error as Error).message);
    // One of them: those before it may be sent a second time.
    for (const message of messages) await sendAll({ send, leftOut } as NewsPorts, [message]);
  }
}

/** What was added meanwhile stays. */
async function forget(collection: Collection<Letter>, letters: Letter[]): Promise<void> {
  const writes = letters.map(({ _id, news = [] }) => {
    return { updateOne: { filter: { _id }, update: { $pullAll: { news } } as object } };
  });
  await collection.bulkWrite(writes);
}
