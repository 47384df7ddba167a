import { setTimeout as delay } from "node:timers/promises";
import type { Admin, ITopicConfig } from "kafkajs";

const LIMIT_MS = 15_000;
const PAUSE_MS = 100;

/**
 * Creates topics, and resolves when the leaders of all partitions answer; one that is there already counts as created. The
 * client's own `waitForLeaders` gives up with an error where a broker has not heard of the new topic yet.
 */
export async function createTopics(admin: Admin, topics: ITopicConfig[], limitMs = LIMIT_MS): Promise<void> {
  const end = Date.now() + limitMs;
  await admin.createTopics({ topics, timeout: limitMs, waitForLeaders: false });
  for (;;) {
    try {
      await Promise.all(topics.map(({ topic }) => admin.fetchTopicOffsets(topic)));
      return;
    } catch (error) {
      if (!NOT_THERE_YET.has(String((error as { type?: string }).type)) || Date.now() > end) throw error;
      await delay(PAUSE_MS);
    }
  }
}

const NOT_THERE_YET = new Set([
  "UNKNOWN_TOPIC_OR_PARTITION",
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_FOR_PARTITION",
]);
