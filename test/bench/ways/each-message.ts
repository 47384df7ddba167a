import { insertNew } from "../../../mixins/mongo-schema/insert-new";
import { kafkaFor } from "../session/kafka-client";
import { handMadeCheck } from "./hand-made-check";
import { claimOf, documentOf, handMadeStore, keptFromNow } from "./hand-made-store";
import { groupOf, pluginNumbers, type Way } from "./way";

/** The loop of the tutorials: one message after the other, each with writes of its own; kafkajs commits by itself. */
export const eachMessage: Way = {
  async work(job, handled, begin) {
    const store = await handMadeStore(job);
    const check = handMadeCheck();
    const kafka = kafkaFor(job.brokers);
    const plugins = pluginNumbers(job).map((plugin) => {
      const consumer = kafka.consumer({ groupId: groupOf(job, plugin), allowAutoTopicCreation: false });
      return { plugin, consumer };
    });
    begin();
    await Promise.all(
      plugins.map(async ({ plugin, consumer }) => {
        await consumer.connect();
        await consumer.subscribe({ topics: [job.topic], fromBeginning: true });
        await consumer.run({
          partitionsConsumedConcurrently: 4,
          async eachMessage({ topic, partition, message: { value, offset, key } }) {
            const event = check(JSON.parse(String(value)));
            if (event === null) return;
            const claim = claimOf(`${plugin}|${event.event_id}`, job.ttlMs);
            if ((await insertNew(store.claims, [claim])).length > 0) return;
            const place = { topic, partition, offset, key: key && String(key) };
            if (plugin === 1) await insertNew(store.events, [documentOf(event, place, keptFromNow())]);
            handled.note([event]);
            await store.claims.updateOne({ _id: claim._id }, { $set: { status: "completed" } });
          },
        });
      }),
    );
    return async () => {
      await Promise.all(plugins.map(({ consumer }) => consumer.disconnect()));
      await store.close();
    };
  },
};
