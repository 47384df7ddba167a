import type { Kafka } from "kafkajs";
import type { Logger } from "moleculer";
import { createKafka } from "../../services/kafka/connection";
import {
  type BatchVerdict,
  GroupConsumer,
  type GroupConsumerOptions,
} from "../../services/kafka/group-consumer";
import type { PartitionBatch } from "../../services/kafka/partition-batch";
import type { Space } from "./space";
import { waitFor } from "./wait-for";

export const silentLogger = Object.fromEntries(
  ["fatal", "error", "warn", "info", "debug", "trace"].map((level) => [level, () => undefined]),
) as unknown as Logger;

export const DONE: BatchVerdict = { done: true };

export interface Member {
  consumer: GroupConsumer;
  troubles: string[];
  /** What was assigned at each join. */
  joins: Record<string, number[]>[];
}

type Handle = (batch: PartitionBatch) => Promise<BatchVerdict>;

/** Commits whatever it is given. */
export const commitAll: Handle = async (batch) => {
  await batch.commitThrough(batch.messages.length - 1, "m");
  return DONE;
};

/** Members of consumer groups, made of nothing but the Kafka port; names are those of the space. */
export class GroupMembers {
  private readonly members: GroupConsumer[] = [];

  constructor(private readonly space: Space) {}

  join(
    group: string,
    types: string[],
    handle: Handle = commitAll,
    more: Partial<GroupConsumerOptions> = {},
  ): Member {
    const member: Omit<Member, "consumer"> = { troubles: [], joins: [] };
    const consumer = new GroupConsumer({
      kafka: createKafka(this.space.configuration.kafka, silentLogger),
      groupId: this.space.group(group),
      topics: types.map(this.space.topic),
      concurrency: 4,
      logger: silentLogger,
      handle,
      metadataFor: async () => "kept",
      onTrouble: (message, error) => member.troubles.push(`${message}: ${error}`),
      onJoined: (assignment) => member.joins.push(assignment),
      ...more,
    });
    this.members.push(consumer);
    consumer.start();
    return { ...member, consumer };
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.members.splice(0).map((member) => member.stop()));
  }
}

/** A client of the gateway's own kind, with something about its first consumer changed. */
export function kafkaWith(space: Space, change: (consumer: ReturnType<Kafka["consumer"]>) => void): Kafka {
  const kafka = createKafka(space.configuration.kafka, silentLogger);
  const make = kafka.consumer.bind(kafka);
  let made = 0;
  kafka.consumer = (config) => {
    const consumer = make(config);
    made += 1;
    if (made === 1) change(consumer);
    return consumer;
  };
  return kafka;
}

/** Where a group stands on the partitions of one event type. */
export async function committedOf(space: Space, group: string, type: string): Promise<number[]> {
  return (await space.groupState(group, [type])).map(({ committed }) => committed);
}

/** Waits until a group, called as the one event type it reads, has committed this offset on every partition. */
export async function committedAt(
  space: Space,
  group: string,
  offset: number,
  limitMs?: number,
): Promise<void> {
  await waitFor(async () => (await committedOf(space, group, group)).every((at) => at === offset), {
    what: `${offset} to be committed`,
    limitMs,
  });
}

export async function membersOf(space: Space, group: string): Promise<number> {
  const { groups } = await space.admin.describeGroups([space.group(group)]);
  return groups[0]?.members.length ?? 0;
}

/** A promise to be resolved by hand. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Messages whose values are their numbers. */
export function numbered(count: number, partition?: number): { value: string; partition?: number }[] {
  return Array.from({ length: count }, (_, index) => ({ value: String(index), partition }));
}
