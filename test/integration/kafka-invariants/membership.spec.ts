import assert from "node:assert/strict";
import {
  AssignerProtocol,
  CompressionCodecs,
  CompressionTypes,
  type PartitionAssigner,
  PartitionAssigners,
} from "kafkajs";
import type { Codec } from "../../../services/kafka/codecs";
import type { PartitionBatch } from "../../../services/kafka/partition-batch";
import { createSpace, kafkaClient, type Space, waitFor } from "../../support";
import {
  commitAll,
  committedAt,
  committedOf,
  DONE,
  GroupMembers,
  gate,
  kafkaWith,
  membersOf,
  numbered,
} from "../../support/group-members";

describe("Kafka port: being a group's member", () => {
  let space: Space;
  let members: GroupMembers;

  before(async () => {
    space = await createSpace();
    members = new GroupMembers(space);
  });
  afterEach(() => members.stopAll());
  after(() => space.close());

  it("a member whose handler is at work hears of a rebalance, commits what it has done, and gives way", async () => {
    await space.createTopics(["gives-way"], 2);
    await space.produce("gives-way", [...numbered(2, 0), ...numbered(2, 1)]);
    let inHand = 0;
    const one = members.join("gives-way", ["gives-way"], async (batch) => {
      inHand += 1;
      if (one.joins.length > 1) return commitAll(batch);
      await waitFor(() => !batch.mayGoOn(), { what: "the rebalance to be heard of" });
      await batch.commitThrough(0, "m");
      return DONE;
    });
    await waitFor(() => inHand === 2, { what: "both partitions to be in hand" });
    const rest: string[] = [];
    const other = members.join("gives-way", ["gives-way"], (batch) => {
      rest.push(...batch.messages.map(({ offset }) => offset));
      return commitAll(batch);
    });
    await committedAt(space, "gives-way", 2);
    assert.equal(one.joins.length, 2);
    assert.deepEqual(
      [one, other].map(({ joins }) => joins.at(-1)?.[space.topic("gives-way")]?.length),
      [1, 1],
    );
    assert.deepEqual(rest, ["1"], "the other goes on where the first has committed");
  });

  it("a commit from before its consumer was replaced is refused by ourselves, though Kafka would take it", async () => {
    await space.createTopics(["late"], 1);
    await space.produce("late", numbered(3));
    const refused: string[] = [];
    const late = gate();
    let inHand: PartitionBatch | null = null;
    const { consumer } = members.join("late", ["late"], async (batch) => {
      if (inHand) return { done: false, retryInMs: 3_600_000 };
      inHand = batch;
      await late.opened;
      await batch.commitThrough(0, "late").catch((error: Error) => refused.push(error.name));
      return DONE;
    });
    const batch = await waitFor(() => inHand, { what: "a batch in hand" });
    consumer.rebuild(new Error("asked for"));
    await waitFor(() => !batch.mayGoOn(), { what: "the consumer's end" });
    late.open();
    await waitFor(() => refused.length > 0, { what: "the late commit's answer" });
    assert.deepEqual(refused, ["StaleAssignment"]);
    assert.deepEqual(await committedOf(space, "late", "late"), [-1]);
  });

  it("a handler that outlives its consumer holds the one that took its place up no longer", async () => {
    await space.createTopics(["outlives"], 1);
    await space.produce("outlives", numbered(3));
    const late = gate();
    let calls = 0;
    const member = members.join(
      "outlives",
      ["outlives"],
      async (batch) => {
        calls += 1;
        if (calls > 1) return commitAll(batch);
        await late.opened;
        return { done: false, retryInMs: 3_600_000 };
      },
      { limitsMs: { close: 100 } },
    );
    await waitFor(() => calls === 1, { what: "a batch in hand" });
    member.consumer.rebuild(new Error("asked for"));
    await waitFor(() => member.troubles.length > 0, { what: "its consumer to be given up" });
    await waitFor(() => member.consumer.state === "joining", { what: "the next one" });
    late.open();
    await committedAt(space, "outlives", 3);
  });

  it("a handler's TypeError does not end the consumer, five in a row bring a new one", async () => {
    await space.createTopics(["throws"], 1);
    await space.produce("throws", numbered(3));
    let calls = 0;
    const joinsAt: number[] = [];
    const { joins, troubles } = members.join("throws", ["throws"], async (batch) => {
      calls += 1;
      joinsAt.push(joins.length);
      if (calls <= 5) throw new TypeError("a mistake in a handler");
      return commitAll(batch);
    });
    await committedAt(space, "throws", 3, 40_000);
    assert.deepEqual(joinsAt, [1, 1, 1, 1, 1, 2]);
    assert.match(troubles.at(-1) ?? "", /a new one takes its place: TypeError/);
  });

  it("a consumer that died is replaced, by one", async () => {
    await space.createTopics(["died"], 1);
    const codecs = CompressionCodecs as Record<number, () => Codec>;
    const known = codecs[CompressionTypes.ZSTD] as () => Codec;
    let mistakes = 0;
    // An error of the kinds after which kafkajs does not come back.
    const mistaken: Codec = {
      ...known(),
      decompress: (bytes) => {
        mistakes += 1;
        return mistakes === 1 ? Promise.reject(new TypeError("in the client")) : known().decompress(bytes);
      },
    };
    codecs[CompressionTypes.ZSTD] = () => mistaken;
    try {
      const { troubles, joins } = members.join("died", ["died"]);
      const producer = kafkaClient(space.configuration.kafka.brokers).producer();
      await producer.connect();
      const compression = CompressionTypes.ZSTD;
      await producer.send({ topic: space.topic("died"), compression, messages: numbered(3) });
      await producer.disconnect();
      await committedAt(space, "died", 3);
      assert.equal(mistakes, 2);
      assert.equal(joins.length, 2);
      assert.match(troubles.join(), /^consumer of .*died ended, a new one takes its place: .*in the client$/);
      assert.equal(await membersOf(space, "died"), 1);
    } finally {
      codecs[CompressionTypes.ZSTD] = known;
    }
  });

  it("a run whose join failed is noticed, and tried again", async () => {
    await space.createTopics(["refused"], 1);
    await space.produce("refused", numbered(3));
    const other = kafkaClient(space.configuration.kafka.brokers).consumer({
      groupId: space.group("refused"),
      // Kafka refuses members of a group that have no way of assigning in common.
      partitionAssigners: [unheardOf],
      maxWaitTimeInMs: 50,
    });
    await other.connect();
    await other.subscribe({ topic: space.topic("refused") });
    await other.run({ eachBatch: async () => undefined });
    await waitFor(async () => (await membersOf(space, "refused")) === 1, { what: "the other's join" });
    const { troubles } = members.join("refused", ["refused"]);
    await waitFor(() => /supported protocols are incompatible/.test(troubles.join()), {
      what: "the refusal to be told",
    });
    await other.disconnect();
    await committedAt(space, "refused", 3);
  });

  it("a consumer that gives no sign of life is replaced", async () => {
    await space.createTopics(["silent"], 1);
    await space.produce("silent", numbered(3));
    const { troubles } = members.join("silent", ["silent"], commitAll, {
      kafka: kafkaWith(space, (consumer) => {
        consumer.run = async () => undefined;
      }),
      limitsMs: { silentJoining: 500, check: 50 },
    });
    await committedAt(space, "silent", 3);
    assert.match(troubles.join(), /a new one takes its place: Error: no sign of life for \d+ ms/);
  });

  it("a member that is stopped before it has joined does not join any more", async () => {
    await space.createTopics(["leaves"], 1);
    const { opened, open } = gate();
    const steps: string[] = [];
    const kafka = kafkaWith(space, (made) => {
      const { subscribe, run } = made;
      made.subscribe = async (subscription) => {
        await subscribe(subscription);
        steps.push("subscribed");
        await opened;
      };
      made.run = (config) => {
        steps.push("joins");
        return run(config);
      };
    });
    const { consumer } = members.join("leaves", ["leaves"], commitAll, { kafka });
    await waitFor(() => steps.length === 1, { what: "the step before the join" });
    await consumer.stop();
    open();
    await opened;
    assert.equal(await membersOf(space, "leaves"), 0);
    assert.deepEqual(steps, ["subscribed"]);
  });

  it("a new consumer may be asked for from within a handler, whose batch comes again", async () => {
    await space.createTopics(["rebuild"], 1);
    await space.produce("rebuild", numbered(3));
    let calls = 0;
    const member = members.join("rebuild", ["rebuild"], async (batch) => {
      calls += 1;
      if (calls > 1) return commitAll(batch);
      member.consumer.rebuild(new Error("asked for"));
      return DONE;
    });
    await committedAt(space, "rebuild", 3);
    assert.equal(calls, 2);
    assert.equal(member.joins.length, 2);
  });
});

/** kafkajs's own way of assigning under a name that no gateway offers. */
const unheardOf: PartitionAssigner = (config) => ({
  ...PartitionAssigners.roundRobin(config),
  name: "unheard-of",
  version: 1,
  protocol: ({ topics }) => ({
    name: "unheard-of",
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
  }),
});
