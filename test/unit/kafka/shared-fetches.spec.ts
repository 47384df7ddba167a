import assert from "node:assert/strict";
import { type FetchRequest, SharedFetches, type SharedMessage } from "../../../services/kafka/shared-fetches";
import { waitFor } from "../../support/wait-for";

const TOPIC = "orders";
const CLUSTER = "127.0.0.1:9092";
const LIMITS = { bytes: 100_000, ageMs: 2_000, absentMs: 5_000 };

type Log = Record<number, number>;

describe("fetches that groups of one process share", () => {
  let now: number;
  let shared: SharedFetches;
  /** Messages in each partition, and which incarnation of the topic they are of. */
  let log: Log;
  let incarnation: string;
  let asked: FetchRequest[];

  beforeEach(() => {
    now = 1_000;
    shared = new SharedFetches(LIMITS, () => now);
    log = { 0: 100, 1: 100 };
    incarnation = "first";
    asked = [];
  });

  /** A broker that gives 10 messages of each partition at a time. */
  async function ask(request: FetchRequest, before = async () => {}) {
    asked.push(request);
    const from = incarnation;
    await before();
    now += 1;
    return {
      responses: request.topics.map(({ topic, partitions }) => ({
        topicName: topic,
        partitions: partitions.map(({ partition, fetchOffset }) => ({
          partition,
          messages: messagesFrom(Number(fetchOffset), log[partition] ?? 0, from),
        })),
      })),
    };
  }

  function messagesFrom(from: number, end: number, incarnation: string): SharedMessage[] {
    const count = Math.max(0, Math.min(10, end - from));
    return Array.from({ length: count }, (_, index) => ({
      offset: String(from + index),
      value: Buffer.from(`${incarnation} ${from + index}`),
    }));
  }

  /** One group's consumer, which reads on from where it is. */
  function reader(...partitions: number[]) {
    const connection = {};
    const positions = new Map(partitions.map((partition) => [partition, 0]));
    return {
      positions,
      async read(cluster = CLUSTER, isolationLevel = 1, before?: () => Promise<void>) {
        now += 1;
        const topics = [
          {
            topic: TOPIC,
            partitions: [...positions].map(([partition, offset]) => ({
              partition,
              fetchOffset: String(offset),
              maxBytes: 10_000,
            })),
          },
        ];
        const request = { topics, isolationLevel, maxWaitTime: 500, minBytes: 1 };
        const { responses } = await shared.fetch(connection, cluster, request, (asked) => ask(asked, before));
        const got = responses.flatMap(({ partitions: found }) => found);
        for (const { partition, messages } of got) {
          const last = messages.at(-1);
          if (last) positions.set(partition, Number(last.offset) + 1);
        }
        return got;
      },
    };
  }

  const texts = (got: { messages: SharedMessage[] }[]) =>
    got.flatMap(({ messages }) => messages.map(({ value }) => String(value)));

  it("asks Kafka once for two groups that go on side by side, and hands both the same messages", async () => {
    const [a, b] = [reader(0), reader(0)];
    await a.read();
    await b.read();
    asked = [];
    const first = await a.read();
    const second = await b.read();
    assert.equal(asked.length, 1);
    assert.equal(texts(second)[0], "first 10");
    assert.equal(second[0]?.messages[0], first[0]?.messages[0]);
    assert.equal(first[0]?.messages[0]?.readers, 2);
  });

  it("gives each group every message, whatever the order in which they ask", async () => {
    const groups = [reader(0, 1), reader(0, 1), reader(0, 1)];
    const got = groups.map((): string[] => []);
    let seed = 7;
    for (let turn = 0; turn < 300; turn += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      const at = (seed >> 8) % groups.length;
      if (turn % 17 === 0) now += 700;
      got[at]?.push(...texts((await groups[at]?.read()) ?? []));
    }
    const all = Array.from({ length: 100 }, (_, offset) => `first ${offset}`);
    for (const texts of got) assert.deepEqual(texts.sort(), [...all, ...all].sort());
  });

  it("asks for each by itself where only one group reads the topic", async () => {
    const a = reader(0);
    const got = [...(await a.read()), ...(await a.read())];
    assert.equal(asked.length, 2);
    assert.equal(got[0]?.messages[0]?.readers, undefined);
  });

  it("keeps nothing for a group that has not come by for a while, or that was there already", async () => {
    const [a, b] = [reader(0), reader(0)];
    await b.read();
    await a.read();
    now += LIMITS.absentMs;
    assert.equal((await a.read())[0]?.messages[0]?.readers, undefined);
    assert.equal((await b.read())[0]?.messages[0]?.readers, undefined);
  });

  it("is asked without waiting for what one group needs beside what is kept", async () => {
    const [a, b] = [reader(0), reader(0, 1)];
    await b.read();
    await a.read();
    await a.read();
    asked = [];
    const got = await b.read();
    assert.deepEqual(texts(got).filter((text) => text === "first 10").length, 2);
    assert.deepEqual(
      asked.map(({ topics, maxWaitTime, minBytes }) => [
        topics[0]?.partitions[0]?.partition,
        maxWaitTime,
        minBytes,
      ]),
      [[1, 0, 0]],
    );
  });

  it("never hands out what was fetched of a topic before it was made anew", async () => {
    const [a, b] = [reader(0), reader(0)];
    await b.read();
    await a.read();
    await a.read();
    incarnation = "second";
    // One that begins anew, and one that joins now: what `a` was given is of the former topic.
    b.positions.set(0, 0);
    assert.equal(texts(await b.read())[0], "second 0");
    const c = reader(0);
    c.positions.set(0, 10);
    assert.equal(texts(await c.read())[0], "second 10");
    assert.equal(texts(await b.read())[0], "second 10");
  });

  it("forgets what is old", async () => {
    const [a, b] = [reader(0), reader(0)];
    await b.read();
    await a.read();
    await a.read();
    now += LIMITS.ageMs;
    asked = [];
    await b.read();
    assert.equal(asked.length, 1);
  });

  it("keeps no more bytes than its limit, the newest of all", async () => {
    shared = new SharedFetches({ ...LIMITS, bytes: 7_000 }, () => now);
    const [a, b] = [reader(0), reader(0)];
    await b.read();
    for (let turn = 0; turn < 5; turn += 1) await a.read();
    asked = [];
    for (let turn = 0; turn < 4; turn += 1) await b.read();
    assert.deepEqual(
      asked.map(({ topics }) => topics[0]?.partitions[0]?.fetchOffset),
      ["10", "20"],
    );
  });

  it("shares backlogs only: who is a little behind is given all that there is, and not each small fetch of another", async () => {
    log = { 0: 1 };
    const [a, b] = [reader(0), reader(0)];
    for (const group of [a, b]) await group.read();
    for (let end = 1; end <= 9; end += 1) {
      log = { 0: end };
      await a.read();
    }
    assert.equal(texts(await b.read()).length, 8);
  });

  it("keeps clusters and isolation levels apart", async () => {
    for (const [cluster, level] of [
      ["127.0.0.1:9093", 1],
      [CLUSTER, 0],
    ] as const) {
      const [a, b] = [reader(0), reader(0)];
      await b.read(cluster, level);
      await a.read();
      await a.read();
      asked = [];
      await b.read(cluster, level);
      assert.equal(asked.length, 1);
    }
  });

  it("loses nothing where Kafka does not answer for the rest", async () => {
    const [a, b] = [reader(0), reader(0, 1)];
    await b.read();
    await a.read();
    await a.read();
    const working = log;
    log = new Proxy(working, {
      get() {
        throw new Error("the connection broke");
      },
    });
    await assert.rejects(b.read(), /connection broke/);
    log = working;
    assert.equal(texts(await b.read()).filter((text) => text === "first 10").length, 2);
  });

  describe("of a topic that is made anew", () => {
    /** Two groups that wait at the end of a partition with so many messages; then more come, and the first of them takes these. */
    async function oneAhead(messages: number, more: number) {
      log = { 0: messages };
      const [a, b] = [reader(0), reader(0)];
      for (const group of [a, b]) {
        while ((await group.read())[0]?.messages.length) {
          // To its end.
        }
      }
      log = { 0: messages + more };
      await a.read();
      incarnation = "second";
      return b;
    }

    it("nothing former is given to a group that has not been handed any message", async () => {
      const b = await oneAhead(0, 10);
      assert.equal(texts(await b.read())[0], "second 0");
    });

    it("nothing former is given to a group that Kafka refused, and that joins anew with the same connection", async () => {
      const b = await oneAhead(10, 10);
      b.positions.set(0, 500);
      const working = log;
      log = new Proxy(working, {
        get() {
          throw new Error("out of range");
        },
      });
      await assert.rejects(b.read(), /out of range/);
      log = working;
      b.positions.set(0, 10);
      assert.equal(texts(await b.read())[0], "second 10");
    });

    it("what was asked for before a group joined is former, however long the answer takes", async () => {
      log = { 0: 30 };
      const [a, b] = [reader(0), reader(0)];
      await a.read();
      await b.read();
      let answer: () => void = () => undefined;
      const slow = new Promise<void>((resolve) => {
        answer = resolve;
      });
      const reads = a.read(CLUSTER, 1, () => slow);
      b.positions.set(0, 0);
      now += 1;
      assert.equal(texts(await b.read())[0], "first 0");
      answer();
      await reads;
      incarnation = "second";
      assert.equal(texts(await b.read())[0], "second 10");
    });

    it("what was fetched later takes the place of what is kept", async () => {
      const b = await oneAhead(10, 10);
      const c = reader(0);
      c.positions.set(0, 10);
      assert.equal(texts(await c.read())[0], "second 10");
      assert.equal(texts(await b.read())[0], "second 10");
    });
  });

  it("keeps nothing once nobody fetches any more", async () => {
    const short = { bytes: 100_000, ageMs: 5, absentMs: 10 };
    shared = new SharedFetches(short);
    const [a, b] = [reader(0), reader(0)];
    await b.read();
    await a.read();
    await a.read();
    assert.ok(shared.keptBytes > 0);
    await waitFor(() => shared.keptBytes === 0, { what: "nothing to be kept" });
  });
});
