import assert from "node:assert/strict";
import Broker from "kafkajs/src/broker";
import RequestQueue from "kafkajs/src/network/requestQueue";
import retryDefaults from "kafkajs/src/retry/defaults";
import retryDefaultsUnderTest from "kafkajs/src/retry/defaults.test";
import { createKafka } from "../../../services/kafka/connection";
import { EventProducer } from "../../../services/kafka/event-producer";
import { TopicAdmin } from "../../../services/kafka/topic-admin";
import { createSpace, type Space, waitFor } from "../../support";
import { commitAll, GroupMembers, silentLogger } from "../../support/group-members";

type Produce = typeof Broker.prototype.produce;

describe("Kafka port: connections and the producer", () => {
  let space: Space;
  let members: GroupMembers;
  let producer: EventProducer;
  const { produce, metadata } = Broker.prototype;
  const { fulfillRequest } = RequestQueue.prototype;

  before(async () => {
    space = await createSpace();
    members = new GroupMembers(space);
  });
  beforeEach(() => {
    producer = new EventProducer(client());
  });
  afterEach(async () => {
    Object.assign(Broker.prototype, { produce, metadata });
    Object.assign(RequestQueue.prototype, { fulfillRequest });
    await producer.disconnect();
    await members.stopAll();
  });
  after(() => space.close());

  const client = () => createKafka(space.configuration.kafka, silentLogger);
  const send = (type: string, value: string) =>
    producer.send([{ topic: space.topic(type), key: null, value }]);

  /** The next request to produce is treated so, those after it go their way. */
  function once(instead: (send: Produce, request: Parameters<Produce>[0]) => ReturnType<Produce>): void {
    Broker.prototype.produce = function (this: Broker, request) {
      Broker.prototype.produce = produce;
      return instead(produce.bind(this), request);
    };
  }

  /** All that a topic holds, as a group that begins at its beginning reads it. */
  async function valuesIn(type: string): Promise<string[]> {
    const values: string[] = [];
    members.join(`reads-${type}`, [type], (batch) => {
      values.push(...batch.messages.map(({ value }) => String(value)));
      return commitAll(batch);
    });
    await waitFor(
      async () => (await space.groupState(`reads-${type}`, [type])).every(({ lag }) => lag === 0),
      { what: "all to be read" },
    );
    return values.sort();
  }

  it("an idle connection has no timer that wakes it", async () => {
    const queues = new Set<RequestQueue>();
    RequestQueue.prototype.fulfillRequest = function (this: RequestQueue, response) {
      queues.add(this);
      fulfillRequest.call(this, response);
    };
    const admin = client().admin();
    await admin.connect();
    await admin.listTopics();
    const timers = [...queues].map(({ throttleCheckTimeoutId }) => throttleCheckTimeoutId);
    await admin.disconnect();
    assert.ok(timers.length > 0);
    assert.deepEqual(timers.filter(Boolean), []);
  });

  it("NODE_ENV=test changes nothing", () => {
    const kafka = client();
    const [given] = Object.getOwnPropertySymbols(kafka)
      .filter(({ description }) => description === "private:Kafka:clusterRetry")
      .map((symbol) => Reflect.get(kafka, symbol) as object);
    assert.ok(given);
    assert.deepEqual({ ...retryDefaultsUnderTest, ...given }, { ...retryDefaults, ...given });
  });

  it("no topic is made by asking for it", async () => {
    const asked: boolean[] = [];
    Broker.prototype.metadata = function (this: Broker, topics) {
      asked.push(this.allowAutoTopicCreation);
      return metadata.call(this, topics);
    };
    await space.createTopics(["asked"], 1);
    await send("asked", "one");
    const kafka = client();
    const admin = new TopicAdmin(kafka);
    await admin.connect();
    await admin.beginAtEnd(space.group("asked"), [space.topic("asked")]);
    await admin.disconnect();
    const { joins } = members.join("asked", ["asked"]);
    await waitFor(() => joins.length > 0, { what: "the join" });
    assert.ok(asked.length > 3);
    assert.deepEqual(asked.filter(Boolean), []);
  });

  it("a topic that was made a moment ago, and that a broker has not heard of yet, is waited for", async () => {
    let unheard = 3;
    const patched: typeof metadata = async function (this: Broker, topics) {
      if (topics && topics.length > 0 && unheard > 0) {
        unheard -= 1;
        throw Object.assign(new Error("not here"), { type: "UNKNOWN_TOPIC_OR_PARTITION", retriable: true });
      }
      return metadata.call(this, topics);
    };
    Object.assign(Broker.prototype, { metadata: patched });
    const admin = new TopicAdmin(client());
    await admin.connect();
    try {
      await admin.create([space.topic("made.now")], 2, 1);
      assert.equal(unheard, 0);
      assert.deepEqual(
        (await admin.lag("nobody", [space.topic("made.now")])).map(({ partition }) => partition).sort(),
        [0, 1],
      );
    } finally {
      await admin.disconnect();
    }
  });

  it("a message without a key whose acknowledgement was lost is in Kafka once", async () => {
    await space.createTopics(["repeated"], 5);
    once(async (send, request) => {
      await send(request);
      throw Object.assign(new Error("the answer was lost"), { retriable: true });
    });
    const [sent] = await send("repeated", "one");
    assert.deepEqual(await valuesIn("repeated"), ["one"]);
    assert.equal(sent?.offset, "0");
  });

  it("a message that is sent while another is about to be repeated is not taken for it", async () => {
    await space.createTopics(["beside"], 1);
    once(async (send, request) => {
      await send(request);
      throw Object.assign(new Error("the answer was lost"), { retriable: true });
    });
    const sent = await Promise.all([send("beside", "one"), send("beside", "two")]);
    assert.deepEqual(
      sent.flat().map(({ offset }) => offset),
      ["0", "1"],
    );
    assert.deepEqual(await valuesIn("beside"), ["one", "two"]);
  });

  it("a message that is sent after one of unknown fate is not taken for it", async () => {
    await space.createTopics(["doubt"], 1);
    once(async (send, request) => {
      await send(request);
      throw Object.assign(new Error("the answer was lost"), { retriable: false });
    });
    await assert.rejects(send("doubt", "one"), /the answer was lost/);
    await send("doubt", "two");
    assert.deepEqual(await valuesIn("doubt"), ["one", "two"]);
  });

  it("a producer that Kafka calls out of sequence is replaced", async () => {
    await space.createTopics(["sequence"], 1);
    // Kafka takes any number for a producer's first: the second is then out of sequence.
    once((send, request) => {
      for (const { partitions } of request.topicData)
        for (const entry of partitions) entry.firstSequence += 7;
      return send(request);
    });
    await send("sequence", "one");
    await assert.rejects(send("sequence", "lost"), /out of order sequence number/);
    await send("sequence", "two");
    assert.deepEqual(await valuesIn("sequence"), ["one", "two"]);
  });
});
