import assert from "node:assert/strict";
import { WeirError, WeirRetryableError } from "../../../schemas/errors";
import type { LetterMessage } from "../../../schemas/letter-message";
import type { ConfigurationChanges } from "../../support";
import { createSpace, type Space, waitFor } from "../../support";
import {
  DAY_MS,
  type DlqNode,
  HOUR_MS,
  letterInput,
  startDlqNodes,
  TestClock,
} from "../../support/dead-letters";

const EVENTS = "dlq-events";
const MIRROR = "dlq-mirror";

const bytesOf = ({ value_base64 }: LetterMessage) => Buffer.from(value_base64 ?? "", "base64");
const eventOf = (message: LetterMessage) => JSON.parse(bytesOf(message).toString());

describe("what is told of dead letters", () => {
  let space: Space;
  let clock: TestClock;
  let nodes: DlqNode[];
  let node: DlqNode;

  beforeEach(async () => {
    space = await createSpace();
    clock = new TestClock();
    nodes = [];
  });
  afterEach(async () => {
    await Promise.all(nodes.map(({ broker }) => broker.stop()));
    await space.close();
  });

  async function start(changes: ConfigurationChanges, count = 1): Promise<void> {
    const configuration = space.configurationWith(changes);
    nodes = await startDlqNodes(configuration, clock, count);
    node = nodes[0] as DlqNode;
  }
  const heard = () => nodes.flatMap((one) => one.heard).sort();
  const sent = () => nodes.flatMap((one) => one.sent);
  const untold = () => space.db.collection("dead_letters").countDocuments({ "news.at": { $exists: true } });

  it("every transition is an event on the broker", async () => {
    await start({
      dlq: { policies: [{ match: { group: "mails" }, retry: { kind: "immediate", limit: 1 } }] },
    });
    await node.put(letterInput("a"), letterInput("b"), letterInput("c", { group: "mails" }));
    node.redeliver = ({ group }) => ({ status: group === "mails" ? "failed" : "delivered" });
    await node.chores();
    await node.call("dlq.retry", { id: (await node.get("a")).id });
    await node.call("dlq.discard", { id: (await node.get("b")).id, reason: "test", by: "ann" });
    await waitFor(() => node.heard.length === 6, { what: "all events" });
    assert.deepEqual(heard(), [
      "discarded b",
      "exhausted c",
      "received a",
      "received b",
      "received c",
      "retried a",
    ]);
    assert.equal(await untold(), 0, "without topics nothing is kept for them");
  });

  it("and is published, in order for each letter, where a topic is configured", async () => {
    await start({ dlq: { eventsTopic: EVENTS } }, 2);
    await node.put(letterInput("a"), letterInput("b"));
    await node.call("dlq.retry", { id: (await node.get("a")).id });
    await node.call("dlq.discard", { id: (await node.get("b")).id, reason: "test", by: "ann" });
    await Promise.all(nodes.map((one) => one.chores()));
    const { id } = await node.get("a");
    const ofA = sent().filter(({ key }) => key === id);
    assert.deepEqual(ofA.map(eventOf), [
      {
        type: "dlq.message.received",
        at: clock.now().toISOString(),
        id,
        reason: "handler_error",
        event_id: "a",
        event_type: "order.placed",
        group: "orders",
        original_topic: "order.placed",
        partition: 1,
        offset: "42",
        attempts: 3,
        error: { type: "Error", message: "out of paper" },
      },
      { ...eventOf(ofA[0] as LetterMessage), type: "dlq.message.retried" },
    ]);
    assert.deepEqual(
      sent()
        .map((message) => eventOf(message).type)
        .sort(),
      ["dlq.message.discarded", "dlq.message.received", "dlq.message.received", "dlq.message.retried"],
    );
    assert.ok(sent().every(({ topic }) => topic === EVENTS));
    await node.chores();
    assert.equal(sent().length, 4, "told once");
  });

  it("copies letters to the mirror topic as they came, with the headers that tools know", async () => {
    await start({ dlq: { mirrorTopic: MIRROR } });
    const raw = Buffer.from([0xff, 0x00, 0x7b]);
    await node.put(
      letterInput("a", { raw, headers: { "x.trace": "abc", "__dlq.errors.topic": "made up" } }),
      letterInput("b", { raw: null, key: null, group: undefined, reason: "unparseable" }),
    );
    await node.chores();
    const [a, b, ...more] = sent();
    assert.deepEqual(more, []);
    assert.deepEqual([a?.topic, a?.key, bytesOf(a as LetterMessage)], [MIRROR, "ord-1", raw]);
    assert.deepEqual(a?.headers, {
      "x.trace": "abc",
      "__dlq.errors.topic": "order.placed",
      "__dlq.errors.partition": "1",
      "__dlq.errors.offset": "42",
      "__dlq.errors.group": "orders",
      "__dlq.errors.delivery.count": "3",
      "__dlq.errors.message": "out of paper",
      "weir-error-type": "Error",
      "weir-reason": "handler_error",
      "weir-letter": (await node.get("a")).id,
    });
    assert.deepEqual([b?.key, b?.value_base64, b?.headers["__dlq.errors.group"]], [null, null, undefined]);
  });

  it("while Kafka is away letters are kept all the same, and everything is told afterwards, by whoever is there", async () => {
    await start({ dlq: { eventsTopic: EVENTS, mirrorTopic: MIRROR } }, 2);
    const [dying, next] = nodes as [DlqNode, DlqNode];
    const away = () => Promise.reject(new WeirRetryableError("WEIR_KAFKA_UNAVAILABLE", "nobody there"));
    dying.send = away;
    await dying.put(letterInput("a"));
    await dying.chores();
    await dying.chores();
    assert.equal((await dying.get("a")).status, "pending");
    assert.equal(await untold(), 1);
    const said = dying.log.filter((line) => line.includes("publishing to Kafka failed"));
    assert.equal(said.length, 1, "said once");
    await next.chores();
    assert.equal(next.sent.length, 0, "the other one has the lease");
    clock.pass(61_000);
    await next.chores();
    assert.deepEqual(next.sent.map(({ topic }) => topic).sort(), [EVENTS, MIRROR]);
    assert.equal(await untold(), 0);
  });

  it("what dies between Kafka's answer and its being written down is told again", async () => {
    await start({ dlq: { eventsTopic: EVENTS } });
    await node.put(letterInput("a"));
    node.send = async (messages) => {
      node.sent.push(...messages);
      throw new Error("the answer is lost");
    };
    await node.chores();
    node.send = async () => undefined;
    await node.chores();
    assert.deepEqual(
      sent().map((message) => eventOf(message).type),
      ["dlq.message.received", "dlq.message.received"],
    );
  });

  it("what happens to a letter while it is being told of is told next", async () => {
    await start({ dlq: { eventsTopic: EVENTS } });
    await node.put(letterInput("a"));
    const { id } = await node.get("a");
    node.send = async () => {
      node.send = async () => undefined;
      await node.call("dlq.retry", { id });
    };
    await node.chores();
    assert.deepEqual(
      sent().map((message) => eventOf(message).type),
      ["dlq.message.received", "dlq.message.retried"],
    );
  });

  it("a copy that Kafka never takes is left out, said in the log, and holds nothing up", async () => {
    await start({ dlq: { mirrorTopic: MIRROR } });
    node.send = async (messages) => {
      if (messages.some((message) => bytesOf(message).length > 1_000)) {
        throw new WeirError("WEIR_EVENT_TOO_LARGE", "larger than 1000 bytes");
      }
    };
    await node.put(letterInput("a"), letterInput("big", { raw: Buffer.alloc(2_000) }), letterInput("b"));
    await node.chores();
    const told = sent().map(({ headers }) => headers["weir-letter"]);
    assert.deepEqual(told, [(await node.get("a")).id, (await node.get("b")).id]);
    const big = (await node.get("big")).id;
    assert.ok(
      node.log.some((line) => line.includes(big) && line.includes("is not copied")),
      node.log.join("\n"),
    );
    assert.equal(await untold(), 0);
  });

  it("many letters are told in requests of bounded size", async () => {
    await start({ dlq: { mirrorTopic: MIRROR } });
    const sizes: number[] = [];
    node.send = async (messages) => {
      sizes.push(messages.reduce((sum, message) => sum + bytesOf(message).length, 0));
    };
    const raw = Buffer.alloc(200 * 1024);
    await node.put(...Array.from({ length: 12 }, (_, n) => letterInput(`l-${n}`, { raw })));
    await node.chores();
    assert.equal(sent().length, 12);
    assert.ok(Math.max(...sizes) <= 512 * 1024, String(sizes));
  });

  it("a letter is told of a day before it expires, once by any of the gateways; anew when it was kept longer", async () => {
    await start({ dlq: { eventsTopic: EVENTS } }, 3);
    const chores = () => Promise.all(nodes.map((one) => one.chores()));
    const expiring = () =>
      sent().filter((message) => eventOf(message).type === "dlq.message.expiring").length;
    await node.put(letterInput("a"), letterInput("closed"));
    await node.call("dlq.retry", { id: (await node.get("closed")).id });
    clock.pass(6 * DAY_MS - 1);
    await chores();
    assert.equal(expiring(), 0);
    clock.pass(1);
    await chores();
    clock.pass(1);
    await chores();
    assert.equal(expiring(), 1);
    await waitFor(() => heard().includes("expiring a"), { what: "the broker event" });
    node.redeliver = () => ({ status: "failed" });
    await node.call("dlq.retry", { id: (await node.get("a")).id });
    clock.pass(6 * DAY_MS + HOUR_MS);
    await chores();
    await chores();
    assert.equal(expiring(), 2, "its failure had kept it for seven more days");
    assert.deepEqual(
      heard().filter((line) => line.startsWith("expiring")),
      ["expiring a", "expiring a"],
    );
  });

  it("letters that never expire are never about to", async () => {
    await start({ deadLetterTtlDays: "never" });
    await node.put(letterInput("a"));
    clock.pass(400 * DAY_MS);
    await node.chores();
    assert.deepEqual(heard(), ["received a"]);
    assert.equal((await node.get("a")).expires_at, undefined);
  });
});
