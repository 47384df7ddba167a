import assert from "node:assert/strict";
import type { ServiceBroker } from "moleculer";
import type { ImportResult } from "../../services/bridge/import/import-topic";
import type { RedriveDetails, RedriveRow } from "../../services/dlq/redrive/status";
import { createGateway } from "../../services/runtime/gateway";
import {
  allCommitted,
  createSpace,
  exampleOf,
  type RawMessage,
  type Space,
  startReady,
  waitFor,
} from "../support";

describe("dlq.importTopic", () => {
  let space: Space;
  let gateway: ServiceBroker;
  const letters = () => space.db.collection("dead_letters");

  before(async () => {
    space = await createSpace();
    gateway = createGateway(space.configuration, { broker: { logger: false } });
    await startReady(gateway);
    const topics = ["dlt", "dlt-mixed", "dlt-bare", "dlt-all"].map((topic) => ({
      topic: space.topic(topic),
      numPartitions: 2,
      replicationFactor: 1,
    }));
    await space.admin.createTopics({ topics, waitForLeaders: false });
    await waitFor(() => space.admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) }), {
      what: "the topics to have leaders",
    });
  });
  after(async () => {
    await gateway?.stop();
    await space.close();
  });

  const importTopic = (topic: string, more = {}) =>
    gateway.call<ImportResult, object>("dlq.importTopic", { topic: space.topic(topic), ...more });
  const event = (event_id: string) => ({ ...exampleOf("order.placed"), event_id });
  const connect = (topic: string, offset: number) => ({
    "__connect.errors.topic": topic,
    "__connect.errors.partition": "1",
    "__connect.errors.offset": String(offset),
    "__connect.errors.exception.class.name": "DataException",
    "__connect.errors.exception.message": "no schema",
    trace: "t1",
  });

  it("makes letters of a dead letter topic, each message once, and a redrive sends them back where they came from", async () => {
    const topic = space.topic("order.placed");
    const messages = Array.from({ length: 1_500 }, (_, n): RawMessage => {
      return { key: `k${n}`, value: JSON.stringify(event(`i-${n}`)), headers: connect(topic, n) };
    });
    await space.produce("dlt", messages);
    assert.equal((await importTopic("dlt")).imported, 1_500);
    assert.equal(await letters().countDocuments({ reason: "imported" }), 1_500);
    const letter = await letters().findOne({ event_id: "i-7" });
    assert.deepEqual(
      [
        letter?.reason,
        letter?.original_topic,
        letter?.partition,
        letter?.offset,
        letter?.key,
        letter?.error.type,
      ],
      ["imported", topic, 1, "7", "k7", "DataException"],
    );
    assert.deepEqual(letter?.headers, [["trace", "t1"]]);
    assert.deepEqual(Object.keys(letter?.error.details.imported_from), ["topic", "partition", "offset"]);

    const { id } = await gateway.call<RedriveRow, object>("dlq.redrive", { filter: { reason: "imported" } });
    await waitFor(
      async () =>
        (await gateway.call<RedriveDetails, object>("dlq.redriveStatus", { id })).status === "completed",
      { what: "the redrive" },
    );
    await allCommitted(space, ["events"], ["order.placed"]);
    assert.equal(await space.db.collection("events").countDocuments({ event_id: /^i-/ }), 1_500);

    assert.equal((await importTopic("dlt")).imported, 0, "closed letters are not opened again");
    await space.produce("dlt", [{ key: "k", value: "no JSON", headers: connect(topic, 1_500) }]);
    assert.equal((await importTopic("dlt")).imported, 1);
  });

  it("stops at a message of which nothing tells where it belongs, and takes it when told", async () => {
    const value = JSON.stringify(event("told-by-type"));
    await space.produce("dlt-mixed", [
      { key: "k", value, partition: 0 },
      { key: "k", value: "nobody knows", partition: 0 },
      { key: "k", value: "behind it", partition: 0, headers: connect(space.topic("order.paid"), 3) },
    ]);
    await assert.rejects(importTopic("dlt-mixed"), { type: "WEIR_IMPORT_NO_ORIGIN", code: 422 });
    const original_topic = space.topic("order.shipped");
    assert.equal((await importTopic("dlt-mixed", { original_topic })).imported, 2);
    const from = await letters()
      .find({ identity: { $regex: "dlt-mixed" } })
      .sort({ _id: 1 })
      .toArray();
    assert.deepEqual(
      from.map((letter) => letter.original_topic),
      [space.topic("order.placed"), original_topic, space.topic("order.paid")],
    );
  });

  it("gives a letter that a plugin's own group failed back to that group", async () => {
    const headers = {
      "kafka_dlt-original-topic": space.topic("order.placed"),
      "kafka_dlt-original-consumer-group": space.group("mails"),
    };
    await space.produce("dlt-bare", [{ key: "k", value: JSON.stringify(event("spring")), headers }]);
    await importTopic("dlt-bare");
    assert.equal((await letters().findOne({ event_id: "spring" }))?.group, "mails");
  });

  it("knows the headers of Kafka's share groups, of Streams, of Spring, and of a gateway's mirror topic", async () => {
    const topic = space.topic("order.placed");
    const kafka = { "__dlq.errors.topic": topic, "__dlq.errors.partition": "1", "__dlq.errors.offset": "7" };
    const written: Record<string, Record<string, string>> = {
      share: {
        ...kafka,
        "__dlq.errors.group": "billing",
        "__dlq.errors.delivery.count": "5",
        "__dlq.errors.message": "refused",
      },
      streams: { "__streams.errors.topic": topic, "__streams.errors.exception": "E" },
      spring: { "kafka_dlt-original-topic": topic, "kafka_dlt-exception-fqcn": "F" },
      mirror: {
        ...kafka,
        "__dlq.errors.group": "mails",
        "weir-letter": "1".repeat(24),
        "weir-error-type": "Bounced",
        "weir-reason": "timeout",
      },
    };
    const messages = Object.entries(written).map(([event_id, headers]) => {
      return {
        key: "k",
        value: JSON.stringify(event(event_id)),
        partition: 0,
        headers: { ...headers, own: "1" },
      };
    });
    await space.produce("dlt-all", messages);
    assert.equal((await importTopic("dlt-all")).imported, 4);
    const made = await letters()
      .find({ identity: { $regex: "dlt-all" } })
      .sort({ _id: 1 })
      .toArray();
    assert.deepEqual(
      made.map(({ event_id, group, attempts, error }) => [event_id, group, attempts, error.type]),
      [
        ["share", undefined, 5, "Unknown"],
        ["streams", undefined, 1, "E"],
        ["spring", undefined, 1, "F"],
        ["mirror", "mails", 1, "Bounced"],
      ],
    );
    for (const { original_topic, headers } of made)
      assert.deepEqual([original_topic, headers], [topic, [["own", "1"]]]);
  });

  it("takes no topic that there is not, and no name that is none", async () => {
    await assert.rejects(importTopic("no-such-topic"), { type: "WEIR_TOPIC_UNKNOWN", code: 404 });
    const invalid = [{}, { topic: "" }, { topic: "a/b" }, { topic: { $ne: "" } }, { topic: "x".repeat(250) }];
    for (const params of [...invalid, { topic: "x", original_topic: "a b" }, { topic: "x", limit: 1 }])
      await assert.rejects(gateway.call("dlq.importTopic", params), { name: "ValidationError" });
  });
});
