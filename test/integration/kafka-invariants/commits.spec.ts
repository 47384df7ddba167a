import assert from "node:assert/strict";
import type { PartitionBatch } from "../../../services/kafka/partition-batch";
import { createSpace, kafkaClient, type Space, waitFor } from "../../support";
import {
  commitAll,
  committedAt,
  committedOf,
  DONE,
  GroupMembers,
  gate,
  numbered,
} from "../../support/group-members";

describe("Kafka port: batches and commits", () => {
  let space: Space;
  let members: GroupMembers;

  before(async () => {
    space = await createSpace();
    members = new GroupMembers(space);
  });
  afterEach(() => members.stopAll());
  after(() => space.close());

  async function inTransaction(type: string, outcome: "commit" | "abort", count: number): Promise<void> {
    const producer = kafkaClient(space.configuration.kafka.brokers).producer({
      transactionalId: `${space.name}-${type}`,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic: space.topic(type), messages: numbered(count) });
    await transaction[outcome]();
    await producer.disconnect();
  }

  it("a batch that is left undone is asked for again, and nothing of it is committed", async () => {
    await space.createTopics(["undone"], 1);
    await space.produce("undone", numbered(10));
    const seen: number[][] = [];
    const committed: number[] = [];
    members.join("undone", ["undone"], async (batch) => {
      seen.push(batch.messages.map(({ offset }) => Number(offset)));
      committed.push(...(await committedOf(space, "undone", "undone")));
      if (seen.length > 2) return commitAll(batch);
      if (seen.length === 2) await batch.commitThrough(3, "m");
      return { done: false, retryInMs: 50 };
    });
    await committedAt(space, "undone", 10);
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    assert.deepEqual(seen, [all, all, all.slice(4)]);
    assert.deepEqual(committed, [-1, -1, 4]);
  });

  it("the committed offset is the last one plus one, and never beyond what the handler named", async () => {
    await space.createTopics(["plus-one"], 1);
    await space.produce("plus-one", numbered(5));
    const committed: number[] = [];
    members.join("plus-one", ["plus-one"], async (batch) => {
      for (const index of batch.messages.keys()) {
        await batch.commitThrough(index, "m");
        committed.push(...(await committedOf(space, "plus-one", "plus-one")));
      }
      return DONE;
    });
    await waitFor(() => committed.length === 5, { what: "the handler to have looked at its last commit" });
    assert.deepEqual(committed, [1, 2, 3, 4, 5]);
  });

  it("every commit carries the metadata that it was given", async () => {
    await space.createTopics(["metadata"], 1);
    await space.produce("metadata", numbered(2));
    const kept: (string | null | undefined)[] = [];
    const remember = async () => kept.push((await space.groupState("metadata", ["metadata"]))[0]?.metadata);
    members.join("metadata", ["metadata"], async (batch) => {
      await batch.commitStart("before any work");
      await remember();
      await batch.commitThrough(1, "after it");
      await remember();
      return DONE;
    });
    await waitFor(() => kept.length === 2, { what: "the handler to have looked at its last commit" });
    assert.deepEqual(kept, ["before any work", "after it"]);
  });

  it("a transaction's marker behind the last message is committed together with it", async () => {
    await space.createTopics(["marker"], 1);
    await inTransaction("marker", "commit", 5);
    members.join("marker", ["marker"]);
    await committedAt(space, "marker", 6);
  });

  it("a batch of nothing but aborted messages and markers is not handed out, and committed over", async () => {
    await space.createTopics(["aborted"], 1);
    await space.produce("aborted", numbered(1));
    let handed = 0;
    members.join("aborted", ["aborted"], (batch) => {
      handed += batch.messages.length;
      return commitAll(batch);
    });
    await committedAt(space, "aborted", 1);
    await inTransaction("aborted", "abort", 5);
    await committedAt(space, "aborted", 7);
    assert.equal(handed, 1);
    assert.equal((await space.groupState("aborted", ["aborted"]))[0]?.metadata, "kept");
  });

  it("a partition that is to be asked again later holds no other up", async () => {
    await space.createTopics(["waits"], 2);
    await space.produce("waits", [...numbered(3, 0), ...numbered(3, 1)]);
    const seen: number[] = [];
    members.join("waits", ["waits"], async (batch) => {
      seen.push(batch.partition);
      return batch.partition === 0 ? { done: false, retryInMs: 3_600_000 } : commitAll(batch);
    });
    const committed = () => committedOf(space, "waits", "waits");
    await waitFor(async () => (await committed())[1] === 3, { what: "the other partition" });
    await space.produce("waits", numbered(3, 1));
    await waitFor(async () => (await committed())[1] === 6, { what: "the other partition to go on" });
    assert.deepEqual(await committed(), [-1, 6]);
    assert.equal(seen.filter((partition) => partition === 0).length, 1);
  });

  it("a paused group keeps its partitions and is handed nothing, then everything", async () => {
    await space.createTopics(["pause"], 2);
    const handed = { paused: 0, witness: 0 };
    const member = (group: keyof typeof handed) =>
      members.join(group, ["pause"], (batch) => {
        handed[group] += batch.messages.length;
        return commitAll(batch);
      });
    const { consumer, joins } = member("paused");
    const witness = member("witness");
    await waitFor(() => joins.length === 1 && witness.joins.length === 1, { what: "the joins" });
    consumer.pause();
    await space.produce("pause", [...numbered(5, 0), ...numbered(5, 1)]);
    await waitFor(() => handed.witness === 10, { what: "the other group to have everything" });
    assert.equal(handed.paused, 0);
    consumer.resume();
    await waitFor(() => handed.paused === 10, { what: "everything after the pause" });
    assert.equal(joins.length, 1);
  });

  it("stopping waits for the batch in hand, which may still commit", async () => {
    await space.createTopics(["stop"], 1);
    await space.produce("stop", numbered(3));
    const { opened, open } = gate();
    let inHand: PartitionBatch | null = null;
    const { consumer } = members.join("stop", ["stop"], async (batch) => {
      inHand = batch;
      await opened;
      return commitAll(batch);
    });
    const batch = await waitFor(() => inHand, { what: "a batch in hand" });
    const stopped = consumer.stop();
    await waitFor(() => !batch.mayGoOn(), { what: "the stop to be under way" });
    open();
    await stopped;
    assert.deepEqual(await committedOf(space, "stop", "stop"), [3]);
    const { groups } = await space.admin.describeGroups([space.group("stop")]);
    assert.equal(groups[0]?.members.length, 0, "the group is left");
  });

  it("groups that read side by side are handed the same messages, each of them all", async () => {
    await space.createTopics(["side"], 1);
    const seen = { ahead: new Set<object>(), behind: new Set<object>() };
    let produced = 0;
    const produce = async (count: number) => {
      const value = "x".repeat(count > 1 ? 60_000 : 1);
      await space.produce(
        "side",
        numbered(count).map((message) => ({ ...message, value })),
      );
      produced += count;
    };
    members.join("side-ahead", ["side"], async (batch) => {
      for (const message of batch.messages) seen.ahead.add(message);
      return commitAll(batch);
    });
    let hold: Promise<unknown> = Promise.resolve();
    members.join("side-behind", ["side"], async (batch) => {
      for (const message of batch.messages) seen.behind.add(message);
      await hold;
      return commitAll(batch);
    });
    const shared = () => [...seen.ahead].filter((message) => seen.behind.has(message)).length;
    const bothAt = (count: number) =>
      waitFor(() => seen.ahead.size === count && seen.behind.size === count, { what: `${count} messages` });
    await produce(1);
    await bothAt(1);
    // What is kept is so for a moment only: a machine that stops for longer is given another try.
    for (let round = 0; round < 20 && shared() === 0; round += 1) {
      const next = gate();
      hold = next.opened;
      await produce(1);
      await bothAt(produced);
      await produce(10);
      await waitFor(() => seen.ahead.size === produced, { what: "the group ahead" });
      next.open();
      await bothAt(produced);
    }
    assert.equal(shared(), 10);
  });
});
