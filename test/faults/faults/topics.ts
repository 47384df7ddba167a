import { createTopics } from "../../../services/kafka/create-topics";
import { waitFor } from "../../support";
import type { Fault } from "../fault";
import { BATCH, type GroupUnderTest, SINGLE, TRANSACTIONAL } from "../groups";
import type { Scene } from "../scene";

const TYPE = "order.placed";

/** Stops the only gateway, lets `change` do its work, starts another. */
async function whileStopped(scene: Scene, change: () => Promise<void>): Promise<void> {
  const [gateway] = scene.gateways;
  if (gateway) await scene.stop(gateway);
  await change();
  scene.endedAt = performance.now();
  await scene.start();
}

/** As Kafka's own tool does it: offsets in numbers, without metadata, while the group has no members. */
async function setOffsets(scene: Scene, group: string, type: string, to: "low" | "high"): Promise<void> {
  const { admin } = scene.space;
  const [groupId, topic] = [scene.space.group(group), scene.space.topic(type)];
  const partitions = (await admin.fetchTopicOffsets(topic)).map((known) => ({
    partition: known.partition,
    offset: known[to],
  }));
  await admin.setOffsets({ groupId, topic, partitions });
}

/** As an operator does it, with the tool that comes with Kafka: a group's offsets of all its topics, back to the beginning. */
async function resetByTool(scene: Scene, { group, wants }: GroupUnderTest): Promise<void> {
  const topics = scene.types.filter(wants).flatMap((type) => ["--topic", scene.space.topic(type)]);
  const reset = [
    "--group",
    scene.space.group(group),
    ...topics,
    "--reset-offsets",
    "--to-earliest",
    "--execute",
  ];
  const output = await scene.stage.groupTool(reset);
  const state = await scene.space.groupState(group, scene.types.filter(wants));
  if (state.some(({ committed }) => committed !== 0))
    throw new Error(`the tool did not reset ${group}: ${output}`);
}

/** What the log must have said at least once, at a level that is heard. */
function mustTell(pattern: RegExp) {
  return async (scene: Scene): Promise<void> => {
    const told = scene.log().filter((line) => pattern.test(line));
    if (told.length === 0) throw new Error(`the log never said ${pattern}`);
  };
}

/** Where one partition had everything done before the other began, nobody would have been in the other's way. */
async function bothPartitionsWorked(scene: Scene): Promise<void> {
  const sentTwice = scene.between(TYPE, 0.5, 1);
  for (const { group } of [BATCH, SINGLE]) {
    const filter = { group, event_id: { $in: sentTwice } };
    const partitions = await scene.space.db.collection("effects").distinct("partition", filter);
    if (partitions.length < 2) throw new Error(`group ${group} met the events in one partition alone`);
  }
}

async function recreate(scene: Scene): Promise<void> {
  const { admin } = scene.space;
  const topic = scene.space.topic(TYPE);
  await admin.deleteTopics({ topics: [topic] });
  await waitFor(async () => !(await admin.listTopics()).includes(topic), { what: "the topic to be gone" });
  await waitFor(
    async () => {
      await createTopics(admin, [{ topic, numPartitions: 3 }], 1_000);
      return true;
    },
    { what: "the topic to be there again" },
  );
}

export const TOPICS: Fault[] = [
  {
    name: "topic-recreated",
    story: "a topic, read to its end, is deleted and made anew under a running gateway, and filled at once",
    doubles: "never",
    // What was handled in the topic that is gone absorbs nothing in the new one.
    traffic: { duplicates: 0 },
    goOnWithin: 60,
    async inject(scene) {
      await scene.allCommitted();
      await recreate(scene);
      // As much as before, so that an old position would lie inside the new topic.
      await scene.send(1);
    },
    expect: () => ({ ordered: false }),
    check: mustTell(/^(warn|error): .*anew/),
  },
  {
    name: "topic-recreated-while-stopped",
    story: "a topic, read to its end, is deleted and made anew while no gateway runs",
    doubles: "never",
    traffic: { duplicates: 0 },
    async inject(scene) {
      await scene.allCommitted();
      await whileStopped(scene, async () => {
        await recreate(scene);
        await scene.send(1);
      });
    },
    expect: () => ({ ordered: false }),
    check: mustTell(/^(warn|error): .*anew/),
  },
  {
    name: "partitions-added",
    story: "every topic gets more partitions under a running gateway",
    doubles: "never",
    goOnWithin: 15,
    async inject(scene) {
      await scene.underWay();
      const topicPartitions = scene.types.map((type) => ({ topic: scene.space.topic(type), count: 6 }));
      await scene.space.admin.createPartitions({ topicPartitions });
      scene.spreadOver(6);
    },
  },
  {
    name: "offsets-expired",
    story: "Kafka deletes messages that no group has read yet, while no gateway runs",
    doubles: "never",
    async inject(scene) {
      await scene.allCommitted();
      await whileStopped(scene, async () => {
        await scene.send(0.9);
        const topic = scene.space.topic(TYPE);
        const ends = await scene.space.admin.fetchTopicOffsets(topic);
        await scene.space.admin.deleteTopicRecords({
          topic,
          partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
        });
        // The groups had read everything before.
        for (const lost of scene.between(TYPE, 0.5, 0.9)) scene.excused.add(lost);
      });
    },
    check: mustTell(/^error: .*(no longer has|lost)/),
  },
  {
    name: "offsets-reset-backwards",
    story:
      "an operator sets one group's offsets back to the beginning: it handles everything once more, the others nothing",
    doubles: "never",
    // Copies that a producer sent are absorbed within a run of offsets.
    traffic: { duplicates: 0 },
    async inject(scene) {
      await scene.allCommitted();
      await whileStopped(scene, async () => {
        for (const type of scene.types.filter(TRANSACTIONAL.wants)) {
          await setOffsets(scene, TRANSACTIONAL.group, type, "low");
        }
        // What follows is held against the second run alone.
        await scene.space.db.collection("effects").deleteMany({ group: TRANSACTIONAL.group });
      });
    },
    check: mustTell(/^warn: .*effects-tx begins anew/),
  },
  {
    name: "offsets-reset-by-tool",
    story:
      "an operator sets a plain and a transactional group back to the beginning, with Kafka's own tool: each handles everything once more",
    doubles: "never",
    traffic: { duplicates: 0 },
    async inject(scene) {
      await scene.allCommitted();
      await whileStopped(scene, async () => {
        for (const group of [BATCH, TRANSACTIONAL]) {
          await resetByTool(scene, group);
          await scene.space.db.collection("effects").deleteMany({ group: group.group });
        }
      });
    },
    async check(scene) {
      for (const { group } of [BATCH, TRANSACTIONAL])
        await mustTell(new RegExp(`^warn: .*${group} begins anew`))(scene);
    },
  },
  {
    name: "offsets-reset-forwards",
    story: "an operator sets one group's offsets to the end, past messages that it has not read",
    doubles: "never",
    async inject(scene) {
      await scene.allCommitted();
      await whileStopped(scene, async () => {
        await scene.send(0.8);
        for (const type of scene.types) {
          await setOffsets(scene, BATCH.group, type, "high");
        }
      });
    },
    expect: (scene, { group }) =>
      group === BATCH.group
        ? { excused: new Set(scene.types.flatMap((type) => scene.between(type, 0.5, 0.8))) }
        : {},
    check: mustTell(/^warn: .*anew/),
  },
  {
    name: "nothing-but-bad",
    story: "several chunks hold nothing but messages that cannot be delivered",
    bounded: true,
    traffic: { events: 600, bad: 0.05 },
    doubles: "never",
    async inject(scene) {
      await scene.sendBad(TYPE, 3_000);
    },
  },
  {
    name: "opposite-order",
    story: "the same events are sent to two partitions at once, in opposite order",
    bounded: true,
    // 750 of them, so that the chunks of both partitions overlap in the middle instead of meeting there.
    traffic: { events: 6_000, duplicates: 0, bad: 0 },
    doubles: "never",
    async inject(scene) {
      await scene.allCommitted();
      // Both partitions are full before a group begins with either, and are gone through side by side.
      await whileStopped(scene, () => scene.sendOpposite(TYPE));
    },
    check: bothPartitionsWorked,
  },
];
