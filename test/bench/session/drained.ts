import { setTimeout as delay } from "node:timers/promises";
import { kafkaFor } from "./kafka-client";

export interface Drain {
  brokers: string[];
  topic: string;
  /** All of them have to commit so many messages; the last may be the one whose progress is of interest. */
  groups: string[];
  events: number;
  limitMs: number;
  /** What the last group has committed so far, whenever it is looked at. */
  onProgress?: (committed: number) => void;
  /** Rejects when there is no use in waiting any more. */
  broken?: Promise<never>;
}

const LOOK_EVERY_MS = 20;

/** Resolves when all groups have committed exactly the end of the topic. */
export async function drained(drain: Drain): Promise<void> {
  const { groups, broken } = drain;
  const admin = kafkaFor(drain.brokers).admin();
  await admin.connect();
  const over = new AbortController();
  try {
    const watch = async () => {
      for (const group of groups.toReversed()) await drainedBy(group, drain, admin, over.signal);
    };
    await Promise.race([watch(), ...(broken ? [broken] : [])]);
  } finally {
    over.abort();
    await admin.disconnect();
  }
}

type Admin = ReturnType<ReturnType<typeof kafkaFor>["admin"]>;

/** On a fresh server the first group has no coordinator for a moment. */
const NOT_YET = new Set([
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "GROUP_LOAD_IN_PROGRESS",
  "NOT_COORDINATOR_FOR_GROUP",
]);

async function committedBy(groupId: string, topic: string, admin: Admin): Promise<number> {
  try {
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const partitions = offsets?.partitions ?? [];
    return partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  } catch (error) {
    if (NOT_YET.has(String((error as { type?: string }).type))) return 0;
    throw error;
  }
}

async function drainedBy(
  groupId: string,
  { topic, groups, events, limitMs, onProgress }: Drain,
  admin: Admin,
  over: AbortSignal,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!over.aborted) {
    const committed = await committedBy(groupId, topic, admin);
    if (groupId === groups.at(-1)) onProgress?.(committed);
    if (committed === events) return;
    if (Date.now() > end)
      throw new Error(`${groupId} committed ${committed} of ${events} messages within ${limitMs} ms`);
    await delay(LOOK_EVERY_MS);
  }
}
