import assert from "node:assert/strict";
import type { Logger } from "moleculer";
import { createKafka } from "../../services/kafka/connection";
import { type BatchVerdict, GroupConsumer } from "../../services/kafka/group-consumer";
import type { PartitionBatch } from "../../services/kafka/partition-batch";
import { createSpace, kafkaClient, type Space, waitFor } from "../support";

const silent = Object.fromEntries(
  ["fatal", "error", "warn", "info", "debug", "trace"].map((level) => [level, () => undefined]),
) as unknown as Logger;
const DONE: BatchVerdict = { done: true };

describe("Kafka port: a group's consumer", () => {
  let space: Space;
  let members: GroupConsumer[] = [];

  before(async () => {
    space = await createSpace();
  });
  afterEach(async () => {
    await Promise.all(members.map((member) => member.stop()));
    members = [];
  });
  after(() => space.close());

  function join(
    group: string,
    topics: string[],
    handle: (batch: PartitionBatch) => Promise<BatchVerdict>,
    troubles: string[] = [],
  ) {
    const member = new GroupConsumer({
      kafka: createKafka(space.configuration.kafka, silent),
      groupId: space.group(group),
      topics: topics.map(space.topic),
      concurrency: 4,
      logger: silent,
      handle,
      metadataFor: async () => "weir:test",
      onTrouble: (message) => troubles.push(message),
      onJoined: () => undefined,
    });
    members.push(member);
    member.start();
    return member;
  }

  const committed = async (group: string, type: string) => {
    const states = await space.groupState(group, [type]);
    return states.map((state) => state.committed);
  };

  it("commits nothing of what its handler left undone, and hands exactly that out again", async () => {
    await space.createTopics(["undone"], 1);
    await space.produce("undone", numbered(10));
    const seen: number[][] = [];
    join("undone", ["undone"], async (batch) => {
      seen.push(batch.messages.map(({ offset }) => Number(offset)));
      if (seen.length > 1) {
        await batch.commitThrough(batch.messages.length - 1, "m");
        return DONE;
      }
      await batch.commitThrough(3, "m");
      return { done: false, retryInMs: 50 };
    });
    await waitFor(async () => (await committed("undone", "undone"))[0] === 10, {
      what: "the rest to be committed",
    });
    assert.deepEqual(seen[0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(seen[1], [4, 5, 6, 7, 8, 9]);
  });

  it("commits the end offset over the markers of a transaction, committed or aborted", async () => {
    await space.createTopics(["markers"], 1);
    const producer = kafkaClient(space.configuration.kafka.brokers).producer({
      transactionalId: space.name,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    for (const outcome of ["commit", "abort"] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: space.topic("markers"), messages: numbered(5) });
      await transaction[outcome]();
    }
    await producer.disconnect();
    const values: string[] = [];
    join("markers", ["markers"], async (batch) => {
      values.push(...batch.messages.map(({ value }) => String(value)));
      await batch.commitThrough(batch.messages.length - 1, "m");
      return DONE;
    });
    const state = await waitFor(
      async () =>
        (await space.groupState("markers", ["markers"])).find(
          ({ committed: at, end }) => at === end && end === 12,
        ),
      { what: "committed = end = 12" },
    );
    assert.equal(state.lag, 0);
    assert.deepEqual(values, ["0", "1", "2", "3", "4"], "aborted messages are not handed out");
  });

  it("lives on after its handler throws an error of the language's own kinds", async () => {
    await space.createTopics(["throws"], 1);
    await space.produce("throws", numbered(3));
    let calls = 0;
    const troubles: string[] = [];
    join(
      "throws",
      ["throws"],
      async (batch) => {
        calls += 1;
        if (calls <= 6) throw new TypeError("a mistake in a handler");
        await batch.commitThrough(batch.messages.length - 1, "m");
        return DONE;
      },
      troubles,
    );
    await waitFor(async () => (await committed("throws", "throws"))[0] === 3, {
      what: "it to get through",
      limitMs: 40_000,
    });
    assert.ok(
      troubles.some((line) => line.includes("a new one takes its place")),
      "five failures in a row rebuild the consumer",
    );
  });

  it("carries metadata with every commit", async () => {
    await space.createTopics(["metadata"], 1);
    await space.produce("metadata", numbered(1));
    join("metadata", ["metadata"], async (batch) => {
      await batch.commitThrough(0, "weir:some-progress");
      return DONE;
    });
    const state = await waitFor(
      async () => (await space.groupState("metadata", ["metadata"])).find(({ lag }) => lag === 0),
      {
        what: "the commit",
      },
    );
    assert.equal(state.metadata, "weir:some-progress");
  });

  it("refuses to commit what was fetched before the group was joined anew", async () => {
    await space.createTopics(["stale"], 2);
    await space.produce("stale", [...numbered(20, 0), ...numbered(20, 1)]);
    const refusals: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let first = true;
    const one = join("stale", ["stale"], async (batch) => {
      if (first) {
        first = false;
        await held;
        await batch.commitThrough(0, "late").catch((error: Error) => refusals.push(error.name));
        return DONE;
      }
      await batch.commitThrough(batch.messages.length - 1, "m");
      return DONE;
    });
    await waitFor(() => !first, { what: "the first batch" });
    // The consumer's own life ends while its handler still runs: what comes next is another assignment.
    (one as unknown as { membership: { join: number } }).membership.join += 1;
    release();
    await waitFor(() => refusals.length > 0, { what: "the refusal" });
    assert.deepEqual(refusals, ["StaleAssignment"]);
  });

  it("reads what other producers compressed with gzip, snappy, lz4 and zstd", async () => {
    const { CompressionTypes } = await import("kafkajs");
    await space.createTopics(["packed"], 1);
    const producer = kafkaClient(space.configuration.kafka.brokers).producer();
    await producer.connect();
    for (const compression of [
      CompressionTypes.GZIP,
      CompressionTypes.Snappy,
      CompressionTypes.LZ4,
      CompressionTypes.ZSTD,
    ]) {
      await producer.send({
        topic: space.topic("packed"),
        compression,
        messages: [{ value: "x".repeat(5_000) }],
      });
    }
    await producer.disconnect();
    const sizes: number[] = [];
    join("packed", ["packed"], async (batch) => {
      sizes.push(...batch.messages.map(({ value }) => value?.length ?? 0));
      await batch.commitThrough(batch.messages.length - 1, "m");
      return DONE;
    });
    await waitFor(() => sizes.length === 4, { what: "four messages" });
    assert.deepEqual(sizes, [5_000, 5_000, 5_000, 5_000]);
  });

  it("hands out nothing while paused, and everything after", async () => {
    await space.createTopics(["pause"], 2);
    let count = 0;
    const member = join("pause", ["pause"], async (batch) => {
      count += batch.messages.length;
      await batch.commitThrough(batch.messages.length - 1, "m");
      return DONE;
    });
    await waitFor(() => member.state === "running", { what: "the join" });
    member.pause();
    await space.produce("pause", [...numbered(5, 0), ...numbered(5, 1)]);
    await waitFor(async () => (await space.groupState("pause", ["pause"])).every(({ end }) => end === 5), {
      what: "the messages to be there",
    });
    assert.equal(count, 0);
    member.resume();
    await waitFor(() => count === 10, { what: "all messages after the pause" });
  });

  it("leaves the group when stopped, after the batch in hand is committed", async () => {
    await space.createTopics(["stop"], 1);
    await space.produce("stop", numbered(3));
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let inHand = false;
    const member = join("stop", ["stop"], async (batch) => {
      inHand = true;
      await held;
      await batch.commitThrough(batch.messages.length - 1, "m");
      return DONE;
    });
    await waitFor(() => inHand, { what: "a batch in hand" });
    const stopped = member.stop();
    release();
    await stopped;
    assert.deepEqual(await committed("stop", "stop"), [3]);
    const described = await space.admin.describeGroups([space.group("stop")]);
    assert.equal(described.groups[0]?.members.length, 0);
  });
});

function numbered(count: number, partition?: number) {
  return Array.from({ length: count }, (_, index) => ({ value: String(index), partition }));
}
