import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import type { Configuration } from "../../../schemas/configuration/configuration";
import type { DlqPolicy } from "../../../schemas/dlq-policy";
import { createGateway } from "../../../services/runtime/gateway";
import effectsAgain from "../../fixtures/effects-again.service";
import effectsAgainTx from "../../fixtures/effects-again-tx.service";
import {
  allCommitted,
  assertOnce,
  type ConfigurationChanges,
  createSpace,
  effectsOf,
  kafkaClient,
  makeTraffic,
  type Space,
  sendTraffic,
  startReady,
  waitFor,
} from "../../support";

const IMMEDIATE: DlqPolicy[] = [{ match: {}, retry: { kind: "immediate" } }];
const TYPES = ["order.placed", "order.paid"];
const GROUPS = ["effects-again", "effects-again-tx"];

interface Read {
  topic: string;
  headers: Record<string, string>;
  value: Buffer | null;
}

/** Three whole gateways in one process, without a transporter: they share Kafka and MongoDB alone. */
describe("dead letters of three gateways", () => {
  let space: Space;
  let gateways: ServiceBroker[];

  before(async () => {
    space = await createSpace();
    const [eventsTopic, mirrorTopic] = [space.topic("dlq-events"), space.topic("dlq-mirror")];
    const configuration = space.configurationWith({ dlq: { policies: IMMEDIATE, eventsTopic, mirrorTopic } });
    const plugins = [effectsAgain, effectsAgainTx] as unknown as ServiceSchema[];
    gateways = [1, 2, 3].map(() => createGateway(configuration, { plugins, broker: { logger: false } }));
    await Promise.all(gateways.map((gateway) => startReady(gateway)));
  });
  after(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await space.close();
  });

  const letters = () => space.db.collection("dead_letters");

  it("each letter is retried exactly once, by the group that failed, and each event takes effect once", async () => {
    const traffic = makeTraffic({ types: TYPES, events: 300, seed: 5 });
    await sendTraffic(space, traffic);
    await allCommitted(space, GROUPS, TYPES);
    const all = traffic.good.size * GROUPS.length;
    await waitFor(async () => (await letters().countDocuments({ status: "retried" })) === all, {
      what: `${all} letters to be retried`,
      limitMs: 60_000,
    });
    assert.equal(await letters().countDocuments(), all);
    for (const { retries, history } of await letters().find({}).toArray()) {
      assert.equal(retries, 1);
      assert.deepEqual(
        history.map(({ action, result }: { action: string; result?: string }) => [action, result]),
        [
          ["received", undefined],
          ["retried", "delivered"],
        ],
      );
    }
    for (const group of GROUPS) {
      await assertOnce(space, group, traffic);
      for (const [effect] of (await effectsOf(space, group)).values())
        assert.equal(effect?.redelivered, true);
    }
  });

  it("a group that is paused, or that no gateway knows, is not handed letters", async () => {
    const [gateway] = gateways;
    const receiving = async () => (await gateway?.call<string[]>("bridge.receiving"))?.sort();
    assert.deepEqual(await receiving(), ["effects-again", "effects-again-tx", "events"]);
    await gateway?.call("bridge.pause", { group: "effects-again" });
    assert.deepEqual(await receiving(), ["effects-again-tx", "events"]);
    await gateway?.call("bridge.resume", { group: "effects-again" });
    assert.deepEqual(await receiving(), ["effects-again", "effects-again-tx", "events"]);
  });

  it("nor one whose circuit breaker is open", async () => {
    const one = createGateway(
      createdWith(space, { breaker: { failures: 2, probeMs: 3_600_000 }, groupPrefix: `${space.name}.b.` }),
      { plugins: [effectsAgain as unknown as ServiceSchema], broker: { logger: false } },
    );
    try {
      // Not until it is ready: the breaker may be open by then.
      await one.start();
      await waitFor(async () => !(await one.call<string[]>("bridge.receiving")).includes("effects-again"), {
        what: "the breaker to open, by events from the beginning",
        limitMs: 60_000,
      });
    } finally {
      await one.stop();
    }
  });

  it("what happened is in the topics that were configured, and the copies have the messages' bytes", async () => {
    const all = await letters().countDocuments();
    await waitFor(async () => (await letters().countDocuments({ "news.at": { $exists: true } })) === 0, {
      what: "everything to be told",
    });
    const read = await readAll(space, ["dlq-events", "dlq-mirror"]);
    const types = read
      .filter(({ topic }) => topic === space.topic("dlq-events"))
      .map(({ value }) => JSON.parse(String(value)).type);
    assert.deepEqual(
      ["received", "retried"].map((what) => types.filter((type) => type === `dlq.message.${what}`).length),
      [all, all],
    );
    const copies = read.filter(({ topic }) => topic === space.topic("dlq-mirror"));
    assert.equal(copies.length, all);
    for (const { headers, value } of copies.slice(0, 20)) {
      const letter = await letters().findOne({
        original_topic: headers["__dlq.errors.topic"],
        partition: Number(headers["__dlq.errors.partition"]),
        offset: headers["__dlq.errors.offset"],
        group: headers["__dlq.errors.group"],
      });
      assert.ok(Buffer.from(letter?.raw.buffer).equals(value ?? Buffer.alloc(0)));
      assert.equal(headers["__dlq.errors.message"], "not the first time");
    }
  });
});

/** Another database, so that its letters are no business of the other gateways. */
function createdWith(space: Space, changes: ConfigurationChanges): Configuration {
  return space.configurationWith({ ...changes, mongo: { database: `${space.name}-b` } });
}

/** Everything that is in the topics now. */
async function readAll(space: Space, names: string[]): Promise<Read[]> {
  const topics = names.map(space.topic);
  const ends = await Promise.all(topics.map((topic) => space.admin.fetchTopicOffsets(topic)));
  const total = ends.flat().reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  const consumer = kafkaClient().consumer({ groupId: space.group("reader"), allowAutoTopicCreation: false });
  const read: Read[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ topic, message }) => {
        const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
        read.push({ topic, headers: Object.fromEntries(headers), value: message.value });
      },
    });
    await waitFor(() => read.length === total, { what: `${total} messages` });
  } finally {
    await consumer.disconnect();
  }
  return read;
}
