import assert from "node:assert/strict";
import type { Context, Middleware, ServiceBroker, ServiceSchema } from "moleculer";
import type { DeadLetterInput } from "../../../schemas/dead-letter";
import { createGateway } from "../../../services/runtime/gateway";
import effectsStrict from "../../fixtures/effects-strict.service";
import effectsStrictTx from "../../fixtures/effects-strict-tx.service";
import { allCommitted, createSpace, type Space, startReady, waitFor } from "../../support";
import { KeyedEvents } from "../../support/parked";

const TYPES = ["order.placed"];

for (const plugin of [effectsStrict, effectsStrictTx]) {
  describe(`keys that are parked: ${plugin.name}`, () => {
    let space: Space;
    let gateways: ServiceBroker[];
    let events: KeyedEvents;
    let beforePut: (letters: DeadLetterInput[]) => Promise<void>;

    beforeEach(async () => {
      space = await createSpace({ topics: { partitions: 1 } });
      events = new KeyedEvents(space, plugin.name);
      await space.createTopics(TYPES);
      await space.db.createCollection("effects");
      beforePut = async () => undefined;
      gateways = [];
    });
    afterEach(async () => {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await space.close();
    });

    const hooks = {
      name: "Hooks",
      localAction(next: (ctx: Context<{ letters: DeadLetterInput[] }>) => Promise<unknown>, action: object) {
        if ((action as { name?: string }).name !== "dlq.put") return next;
        return async (ctx: Context<{ letters: DeadLetterInput[] }>) => {
          await beforePut(ctx.params.letters);
          return next(ctx);
        };
      },
    } as unknown as Middleware;

    async function start(changes: Parameters<Space["configurationWith"]>[0] = {}): Promise<ServiceBroker> {
      const gateway = createGateway(space.configurationWith(changes), {
        plugins: [plugin as unknown as ServiceSchema],
        broker: { logger: false, middlewares: [hooks] },
      });
      gateways.push(gateway);
      await startReady(gateway);
      return gateway;
    }
    const settled = () => allCommitted(space, [plugin.name], TYPES);

    it("what is behind a failed event waits, in the same chunk and in later ones, and follows it in order", async () => {
      await events.breaks("a2");
      await events.send("a1", "b1", "a2", "a3", "b2", "a4", "a5", "b3");
      const gateway = await start();
      await settled();
      assert.deepEqual(await events.handled("a"), ["a1"]);
      assert.deepEqual(await events.handled("b"), ["b1", "b2", "b3"], "other keys go on");
      assert.deepEqual(await events.waiting(), ["a2 handler_error", "a3 parked", "a4 parked", "a5 parked"]);
      await events.send("a6", "b4");
      await settled();
      assert.deepEqual(await events.handled("a"), ["a1"]);
      assert.equal((await events.waiting()).at(-1), "a6 parked");

      const front = await events.idOf(gateway, "a2");
      const [refused] = await events.retry(gateway, "a4");
      assert.deepEqual([refused?.ok, refused?.error?.type], [false, "WEIR_DEAD_LETTER_PARKED"]);
      assert.ok(refused?.error?.message.includes(front), "and is told what it waits for");
      const [still] = await events.retry(gateway, "a2");
      assert.deepEqual([still?.ok, still?.status], [false, "pending"]);
      assert.deepEqual(await events.handled("a"), ["a1"]);

      await events.mend("a2");
      const results = await events.retry(gateway, "a5", "a2", "a3");
      assert.deepEqual(
        results.map(({ ok, status, followed }) => [ok, status, followed]),
        [
          [true, "retried", undefined],
          [true, "retried", 4],
          [true, "retried", undefined],
        ],
      );
      assert.deepEqual(await events.handled("a"), ["a1", "a2", "a3", "a4", "a5", "a6"]);
      await events.send("a7");
      await settled();
      assert.equal((await events.handled("a")).at(-1), "a7", "nothing is held back any more");
      assert.deepEqual(await events.waiting(), []);
    });

    it("one that fails when its turn comes holds back what is behind it", async () => {
      await events.breaks("a1", "a3");
      await events.send("a1", "a2", "a3", "a4");
      const gateway = await start();
      await settled();
      await events.mend("a1");
      const [first] = await events.retry(gateway, "a1");
      assert.equal(first?.followed, 1);
      assert.deepEqual(await events.handled("a"), ["a1", "a2"]);
      assert.deepEqual(await events.waiting(), ["a3 handler_error", "a4 parked"]);
      await events.mend("a3");
      await events.retry(gateway, "a3");
      assert.deepEqual(await events.handled("a"), ["a1", "a2", "a3", "a4"]);
    });

    it("one that is parked just when what it waits for is handled is not forgotten", async () => {
      await events.breaks("a1");
      await events.send("a1", "a2");
      const gateway = await start();
      await settled();
      await events.mend("a1");
      beforePut = async (letters) => {
        // The plugin has said that a3 waits; before its letter is there, nobody waits any more.
        if (!letters.some(({ event_id }) => event_id === "a3")) return;
        beforePut = async () => undefined;
        const [retried] = await events.retry(gateway, "a1");
        assert.equal(retried?.followed, 1);
        assert.deepEqual(await events.waiting(), []);
      };
      await events.send("a3");
      await waitFor(async () => (await events.handled("a")).length === 3, { what: "a3 to follow" });
      await settled();
      await events.send("a4");
      await waitFor(async () => (await events.handled("a")).length === 4, { what: "a4" });
      assert.deepEqual(await events.handled("a"), ["a1", "a2", "a3", "a4"]);
      assert.deepEqual(await events.waiting(), []);
    });

    it("offsets that are set back: what waits as a letter adds nothing, and what was in front of it is handled anew", async () => {
      await events.breaks("a2");
      await events.send("a1", "a2", "a3");
      const first = await start();
      await settled();
      await first.stop();
      gateways.pop();
      const partitions = [{ partition: 0, offset: "0" }];
      const [groupId, topic] = [space.group(plugin.name), space.topic("order.placed")];
      await space.admin.setOffsets({ groupId, topic, partitions });
      await events.mend("a2");
      await events.send("a4");
      const gateway = await start();
      await settled();
      assert.deepEqual(await events.handled("a"), ["a1", "a1"]);
      assert.deepEqual(await events.waiting(), ["a2 handler_error", "a3 parked", "a4 parked"]);
      await events.retry(gateway, "a2");
      assert.deepEqual(await events.handled("a"), ["a1", "a1", "a2", "a3", "a4"]);
    });
  });
}
