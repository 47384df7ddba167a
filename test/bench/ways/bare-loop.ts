import type { EachBatchPayload, KafkaMessage } from "kafkajs";
import { insertNew } from "../../../mixins/mongo-schema/insert-new";
import type { EventEnvelope } from "../../../schemas/delivery";
import type { Handled } from "../child/handled";
import type { Job } from "../child/job";
import { kafkaFor } from "../session/kafka-client";
import { type Check, handMadeCheck } from "./hand-made-check";
import { claimOf, documentOf, type HandMadeStore, handMadeStore, keptFromNow } from "./hand-made-store";
import { groupOf, pluginNumbers, type Way } from "./way";

const CHUNK = 1_000;

/**
 * What somebody writes without a gateway: kafkajs, AJV, bulk writes and a claim document per key; no retries, no dead
 * letters, no fencing. The first plugin's loop stores the events too.
 */
export const bareLoop: Way = {
  async work(job, handled, begin) {
    const store = await handMadeStore(job);
    const stop = await runLoops(job, begin, async (accepted, plugin) => {
      const fresh = await claimed(store, accepted, plugin, job.ttlMs);
      if (plugin === 1 && fresh.length > 0) {
        const kept = keptFromNow();
        await insertNew(
          store.events,
          fresh.map(({ event, place }) => documentOf(event, place, kept)),
        );
      }
      handled.note(fresh.map(({ event }) => event));
      const ids = fresh.map(({ event }) => event.event_id);
      await store.claims.updateMany(
        { _id: { $in: ids.map(keyOf(plugin)) } },
        { $set: { status: "completed" } },
      );
    });
    return async () => {
      await stop();
      await store.close();
    };
  },
};

/** The same loop without MongoDB: decode, validate, call, commit. */
export const bareDispatch: Way = {
  work: (job, handled, begin) => runLoops(job, begin, async (accepted) => noteAll(handled, accepted)),
};

interface Accepted {
  event: EventEnvelope;
  place: { topic: string; partition: number; offset: string; key: string | null };
}

const keyOf = (plugin: number) => (id: string) => `${plugin}|${id}`;

/** Claims what is new; what somebody has claimed before is a duplicate. */
async function claimed(
  { claims }: HandMadeStore,
  accepted: Accepted[],
  plugin: number,
  ttlMs: number | undefined,
): Promise<Accepted[]> {
  const wanted = accepted.map(({ event }) => claimOf(keyOf(plugin)(event.event_id), ttlMs));
  const present = new Set(await insertNew(claims, wanted));
  return present.size === 0 ? accepted : accepted.filter((_, index) => !present.has(index));
}

function noteAll(handled: Handled, accepted: Accepted[]): void {
  handled.note(accepted.map(({ event }) => event));
}

/** One consumer for each plugin, chunk by chunk; the offset is committed after the chunk's work. */
async function runLoops(
  job: Job,
  begin: () => void,
  handle: (accepted: Accepted[], plugin: number) => Promise<void>,
): Promise<() => Promise<void>> {
  const check = handMadeCheck();
  const kafka = kafkaFor(job.brokers);
  const consumers = pluginNumbers(job).map((plugin) => {
    const consumer = kafka.consumer({
      groupId: groupOf(job, plugin),
      allowAutoTopicCreation: false,
      maxBytesPerPartition: 1_048_576,
      maxWaitTimeInMs: 500,
    });
    return { plugin, consumer };
  });
  begin();
  await Promise.all(
    consumers.map(async ({ plugin, consumer }) => {
      await consumer.connect();
      await consumer.subscribe({ topics: [job.topic], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 4,
        eachBatch: (payload) => inChunks(payload, check, (accepted) => handle(accepted, plugin)),
      });
    }),
  );
  return async () => {
    await Promise.all(consumers.map(({ consumer }) => consumer.disconnect()));
  };
}

async function inChunks(
  { batch, resolveOffset, commitOffsetsIfNecessary, heartbeat }: EachBatchPayload,
  check: Check,
  handle: (accepted: Accepted[]) => Promise<void>,
): Promise<void> {
  const { topic, partition } = batch;
  for (let from = 0; from < batch.messages.length; from += CHUNK) {
    const messages = batch.messages.slice(from, from + CHUNK);
    await handle(messages.flatMap((message) => accept(message, check, { topic, partition })));
    const last = messages.at(-1)?.offset ?? "0";
    resolveOffset(last);
    const partitions = [{ partition, offset: String(BigInt(last) + 1n) }];
    await commitOffsetsIfNecessary({ topics: [{ topic, partitions }] });
    await heartbeat();
  }
}

function accept(
  { value, offset, key }: KafkaMessage,
  check: Check,
  from: { topic: string; partition: number },
): Accepted[] {
  const event = check(JSON.parse(String(value)));
  return event === null ? [] : [{ event, place: { ...from, offset, key: key && String(key) } }];
}
