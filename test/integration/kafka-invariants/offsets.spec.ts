import assert from "node:assert/strict";
import type { Context, Middleware, ServiceBroker, ServiceSchema } from "moleculer";
import type { DeliverRequest, DeliverResponse, PluginMetadata } from "../../../schemas/delivery";
import { WeirError } from "../../../schemas/errors";
import type { ProgressDocument } from "../../../schemas/progress";
import { createGateway } from "../../../services/runtime/gateway";
import effectsBatch from "../../fixtures/effects-batch.service";
import effectsTx from "../../fixtures/effects-tx.service";
import {
  allCommitted,
  assertOnce,
  assertStored,
  createSpace,
  effectsOf,
  makeTraffic,
  type Space,
  sendTraffic,
  startReady,
  waitFor,
} from "../../support";

const TYPE = "order.placed";

describe("what Kafka has of a group's offsets", () => {
  let space: Space;
  let broker: ServiceBroker | undefined;
  let log: string[];

  beforeEach(async () => {
    space = await createSpace();
    log = [];
  });
  afterEach(async () => {
    await broker?.stop();
    broker = undefined;
    await space.close();
  });

  async function start(
    plugins: object[],
    changes: Parameters<Space["configurationWith"]>[0] = {},
  ): Promise<ServiceBroker> {
    const remember: Middleware = {
      newLogEntry: (level: string, args: unknown[]) => void log.push(`${level}: ${args.join(" ")}`),
    };
    const started = createGateway(space.configurationWith({ logLevel: "fatal", ...changes }), {
      plugins: plugins as ServiceSchema[],
      broker: { middlewares: [remember] },
    });
    broker = started;
    await startReady(started);
    return started;
  }

  for (const { title, later } of [
    { title: "though it already holds more than the old one did", later: 200 },
    { title: "though it holds less than the old one did", later: 5 },
    { title: "though it holds as much as the old one did", later: 30 },
  ]) {
    it(`a topic made anew under a live member is told, and nothing of it is missed, ${title}`, async () => {
      await space.db.createCollection("effects");
      const gateway = await start([effectsBatch, effectsTx], { topics: { partitions: 1 } });
      const groups = ["events", "effects-batch", "effects-tx"];
      const first = makeTraffic({ types: [TYPE], events: 30, seed: 1 });
      await sendTraffic(space, first);
      await allCommitted(space, groups, [TYPE]);
      const second = makeTraffic({ types: [TYPE], events: later, seed: 2 });
      await space.admin.deleteTopics({ topics: [space.topic(TYPE)] });
      await waitFor(
        async () => {
          await space.createTopics([TYPE], 1);
          return true;
        },
        { what: "the topic to be made anew" },
      );
      await sendTraffic(space, second);
      // What a long recheck would find by itself.
      await waitFor(
        async () => {
          await gateway.broadcastLocal("$services.changed", {});
          return (await space.db.collection("effects").countDocuments({ event_id: /^2-/ })) === 2 * later;
        },
        { what: "all events of the new topic to take effect", limitMs: 60_000, everyMs: 500 },
      );
      await allCommitted(space, groups, [TYPE]);
      const all = { ...second, good: new Map([...first.good, ...second.good]) };
      await assertOnce(space, "effects-batch", all);
      await assertOnce(space, "effects-tx", all);
      await assertStored(space, all);
      const told = log.filter((line) => /was made anew|begins anew/.test(line));
      assert.ok(told.length >= groups.length, told.join("\n"));
    });
  }

  it("an offset that Kafka no longer has is told as an error, and the group goes on at the oldest message", async () => {
    const gateway = await start([effectsBatch], { topics: { partitions: 1 } });
    await sendTraffic(space, makeTraffic({ types: [TYPE], events: 10, seed: 1 }));
    await allCommitted(space, ["events", "effects-batch"], [TYPE]);
    await gateway.call("bridge.pause", { group: "effects-batch" });
    const later = makeTraffic({ types: [TYPE], events: 20, seed: 2 });
    await sendTraffic(space, later);
    await allCommitted(space, ["events"], [TYPE]);
    const [topic, partitions] = [space.topic(TYPE), [{ partition: 0, offset: "25" }]];
    await space.admin.deleteTopicRecords({ topic, partitions });
    await gateway.call("bridge.resume", { group: "effects-batch" });
    await allCommitted(space, ["effects-batch"], [TYPE]);
    const handled = [...(await effectsOf(space, "effects-batch")).keys()].filter((id) => id.startsWith("2-"));
    assert.deepEqual(handled.sort(), [...later.good.keys()].slice(15).sort());
    const told = log.filter((line) => line.startsWith("error: ") && line.includes("does not have"));
    assert.equal(told.length, 1);
    assert.match(told.join(), new RegExp(`${space.group("effects-batch")} asked ${topic}\\[0\\]`));
  });

  it("a partition that is owned anew within one join goes on with what Kafka has committed by now", async () => {
    let calls = 0;
    const fenced = {
      name: "fenced",
      metadata: {
        weir: {
          wire: 1,
          group: "fenced",
          patterns: [TYPE],
          startFrom: "beginning",
          transaction: false,
          deadLettersRefused: false,
        } satisfies PluginMetadata,
      },
      actions: {
        deliver({ params }: Context<DeliverRequest>): DeliverResponse {
          calls += 1;
          if (calls === 2) throw new WeirError("WEIR_FENCED", "somebody else was the owner for a moment");
          return params.items.map(() => ({ status: "completed" }));
        },
      },
    };
    await start([fenced], { topics: { partitions: 1 } });
    const progress = () => space.db.collection<ProgressDocument>("progress").findOne({ group: "fenced" });
    await sendTraffic(space, makeTraffic({ types: [TYPE], events: 5, seed: 1 }));
    await allCommitted(space, ["fenced"], [TYPE]);
    const before = await progress();
    await sendTraffic(space, makeTraffic({ types: [TYPE], events: 5, seed: 2 }));
    await allCommitted(space, ["fenced"], [TYPE]);
    const after = await progress();
    assert.ok(before && after);
    assert.equal(after.epoch, before.epoch + 1);
    assert.equal(after.progress_id, before.progress_id);
    assert.deepEqual(
      log.filter((line) => line.includes("anew")),
      [],
    );
  });
});
