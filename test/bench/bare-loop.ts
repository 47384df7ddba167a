import { type Collection, type CollectionInsertManyOptions, MongoClient } from "mongodb";
import { BUILT_IN_SCHEMAS, loadCatalog } from "../../schemas/catalog";
import type { Delivery, EventEnvelope } from "../../schemas/delivery";
import { eventIndexes } from "../../services/events/indexes";
import { type StoredEvent, storedEvent } from "../../services/events/stored-event";
import { type Backlog, drained, kafkaFor } from "./backlog";

const UNORDERED = { ordered: false } as CollectionInsertManyOptions;

/**
 * What somebody writes without a gateway: kafkajs, AJV, bulk writes and a claim document per key; one consumer, no retries,
 * no dead letters, no fencing. The same documents and indexes as the gateway's. → milliseconds for the backlog.
 */
export async function runBareLoop(backlog: Backlog, mongoUrl: string, database: string): Promise<number> {
  const client = await MongoClient.connect(mongoUrl, { useUnifiedTopology: true, w: "majority" });
  const db = client.db(database);
  const claims = db.collection<{ _id: string; status: string; expires_at: Date }>("claims");
  const events: Collection<StoredEvent> = db.collection("events");
  await claims.createIndex({ expires_at: 1 }, { expireAfterSeconds: 0 });
  await db.command({
    createIndexes: "events",
    indexes: eventIndexes.map(({ description: _, required: __, ...index }) => index),
  });
  const catalog = loadCatalog({ dirs: [BUILT_IN_SCHEMAS] });
  const groupId = `${backlog.topic}-bare`;
  const consumer = kafkaFor(backlog.brokers).consumer({
    groupId,
    maxBytesPerPartition: 1_048_576,
    maxWaitTimeInMs: 500,
  });

  const started = performance.now();
  await consumer.connect();
  await consumer.subscribe({ topics: [backlog.topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: 4,
    async eachBatch({ batch, resolveOffset, commitOffsetsIfNecessary, heartbeat }) {
      for (let from = 0; from < batch.messages.length; from += 1_000) {
        const messages = batch.messages.slice(from, from + 1_000);
        const now = new Date();
        const accepted = messages.flatMap(({ value }): EventEnvelope[] => {
          const checked = catalog.validate(JSON.parse(String(value)));
          return checked.valid ? [checked.event] : [];
        });
        const ids = accepted.map(({ event_id }) => event_id);
        const expires_at = new Date(now.getTime() + 3_600_000);
        await claims.insertMany(
          ids.map((_id) => ({ _id, status: "processing", expires_at })),
          UNORDERED,
        );
        const documents = accepted.map((event, index) => {
          const { offset, key } = messages[index] ?? { offset: "0", key: null };
          const place = { topic: batch.topic, partition: batch.partition, offset, key: String(key) };
          return storedEvent(event, place as Delivery, now, 30 * 24 * 3_600_000);
        });
        await events.insertMany(documents, UNORDERED);
        for (const event of accepted) noOp(event);
        await claims.updateMany({ _id: { $in: ids } }, { $set: { status: "completed" } });
        const last = messages.at(-1)?.offset ?? "0";
        resolveOffset(last);
        const partitions = [{ partition: batch.partition, offset: String(BigInt(last) + 1n) }];
        await commitOffsetsIfNecessary({ topics: [{ topic: batch.topic, partitions }] });
        await heartbeat();
      }
    },
  });
  await drained(backlog, [groupId], 120_000);
  const took = performance.now() - started;
  await consumer.disconnect();
  await client.close();
  return took;
}

function noOp(_event: EventEnvelope): void {}
