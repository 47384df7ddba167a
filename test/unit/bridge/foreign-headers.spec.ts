import assert from "node:assert/strict";
import type { IHeaders } from "kafkajs";
import { ObjectId } from "mongodb";
import { originOf } from "../../../services/bridge/import/foreign-headers";
import type { Letter } from "../../../services/dlq/letter";
import { mirrorMessage } from "../../../services/dlq/news/messages";

const bytes = (headers: Record<string, string | Buffer>): IHeaders =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]));

describe("headers of dead letter topics", () => {
  it("Kafka Connect", () => {
    const headers = bytes({
      "__connect.errors.topic": "orders",
      "__connect.errors.partition": "2",
      "__connect.errors.offset": "41",
      "__connect.errors.exception.class.name": "org.apache.kafka.connect.errors.DataException",
      "__connect.errors.exception.message": "no schema",
      "__connect.errors.exception.stacktrace": "DataException: no schema\n\tat A.b(A.java:1)",
      trace: "t1",
    });
    assert.deepEqual(originOf({ headers }), {
      topic: "orders",
      partition: 2,
      offset: "41",
      error: {
        type: "org.apache.kafka.connect.errors.DataException",
        message: "no schema",
        stack: "DataException: no schema\n\tat A.b(A.java:1)",
      },
      headers: { trace: Buffer.from("t1") },
    });
  });

  it("Spring, whose numbers are binary, and whose headers repeat when a message fails again", () => {
    const partition = Buffer.alloc(4);
    partition.writeInt32BE(3);
    const offset = Buffer.alloc(8);
    offset.writeBigInt64BE(9_007_199_254_740_993n);
    const headers: IHeaders = {
      "kafka_dlt-original-topic": [Buffer.from("orders"), Buffer.from("orders-retry")],
      "kafka_dlt-original-partition": partition,
      "kafka_dlt-original-offset": offset,
      "kafka_dlt-original-consumer-group": Buffer.from("weir.mails"),
      "kafka_dlt-exception-fqcn": [Buffer.from("First"), Buffer.from("Last")],
      "kafka_dlt-exception-message": Buffer.from("boom"),
    };
    assert.deepEqual(originOf({ headers }), {
      topic: "orders",
      partition: 3,
      offset: "9007199254740993",
      groupId: "weir.mails",
      error: { type: "Last", message: "boom" },
      headers: {},
    });
  });

  it("Kafka's own, of share groups and of Streams", () => {
    const share = originOf({
      headers: bytes({
        "__dlq.errors.topic": "orders",
        "__dlq.errors.partition": "0",
        "__dlq.errors.offset": "7",
        "__dlq.errors.group": "billing",
        "__dlq.errors.delivery.count": "5",
        "__dlq.errors.message": "Offset rejected by client.",
      }),
    });
    assert.deepEqual([share.topic, share.groupId, share.attempts], ["orders", "billing", 5]);
    const streams = originOf({
      headers: bytes({ "__streams.errors.topic": "clicks", "__streams.errors.exception": "E" }),
    });
    assert.deepEqual([streams.topic, streams.error.type, streams.partition], ["clicks", "E", undefined]);
  });

  it("a gateway's mirror topic, which names the plugin's group as it is, and the error's type", () => {
    const letter = {
      ...{ key: "k", reason: "handler_error", group: "mails", attempts: 3, original_topic: "orders" },
      ...{ partition: 2, offset: "41", headers: [["trace", "t1"]], raw: Buffer.from("{}") },
      ...{ error: { type: "Bounced", message: "no mailbox" }, _id: new ObjectId() },
    };
    const { headers } = mirrorMessage("mirror", letter as unknown as Letter);
    assert.deepEqual(originOf({ headers: bytes(headers) }), {
      topic: "orders",
      partition: 2,
      offset: "41",
      group: "mails",
      attempts: 3,
      error: { type: "Bounced", message: "no mailbox" },
      headers: { trace: Buffer.from("t1") },
    });
  });

  it("takes what is no number, no text, or not there for not said", () => {
    const headers: IHeaders = {
      "__connect.errors.topic": Buffer.from([0xff, 0xfe]),
      "__connect.errors.partition": Buffer.from("-1"),
      "__connect.errors.offset": undefined,
    };
    assert.deepEqual(originOf({ headers }), { error: {}, headers: {} });
    assert.deepEqual(originOf({}), { error: {}, headers: {} });
  });
});
