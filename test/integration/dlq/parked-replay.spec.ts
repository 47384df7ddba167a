import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { createGateway } from "../../../services/runtime/gateway";
import effectsStrict from "../../fixtures/effects-strict.service";
import effectsStrictTx from "../../fixtures/effects-strict-tx.service";
import { allCommitted, createSpace, type Space, startReady } from "../../support";
import { KeyedEvents } from "../../support/parked";
import { beginReplay, replayIn } from "../../support/replays";

const TYPES = ["order.placed"];

for (const plugin of [effectsStrict, effectsStrictTx]) {
  describe(`replays to a group that keeps order strictly: ${plugin.name}`, () => {
    let space: Space;
    let gateway: ServiceBroker;
    let events: KeyedEvents;

    beforeEach(async () => {
      space = await createSpace({ topics: { partitions: 1 } });
      events = new KeyedEvents(space, plugin.name);
      await space.createTopics(TYPES);
      await space.db.createCollection("effects");
      gateway = createGateway(space.configuration, {
        plugins: [plugin as unknown as ServiceSchema],
        broker: { logger: false },
      });
      await startReady(gateway);
    });
    afterEach(async () => {
      await gateway.stop();
      await space.close();
    });
    const settled = () => allCommitted(space, [plugin.name, "events"], TYPES);
    const replay = async (params: object) => {
      const { id } = await beginReplay(gateway, { groups: [plugin.name], ...params });
      return replayIn(gateway, id, "completed");
    };

    it("has lanes of its own", async () => {
      await events.send("a1", "a2", "a3", "b1");
      await settled();
      await events.breaks("a2");
      await replay({});
      assert.deepEqual(await events.handled("a"), ["a1", "a2", "a3", "a1"]);
      assert.deepEqual(await events.waiting(), ["a2 handler_error", "a3 parked"]);
      await events.send("a4");
      await settled();
      assert.equal((await events.handled("a")).at(-1), "a4", "live events are not behind it");
      await events.mend("a2");
      const [retried] = await events.retry(gateway, "a2");
      assert.equal(retried?.followed, 1);
      assert.deepEqual((await events.handled("a")).slice(3), ["a1", "a4", "a2", "a3"]);
    });

    it("with again: false it lets no event overtake those that wait", async () => {
      await events.breaks("a2");
      await events.send("a1", "a2", "a3");
      await settled();
      await events.mend("a2");
      await replay({ again: false });
      assert.deepEqual(await events.handled("a"), ["a1"]);
      assert.deepEqual(await events.waiting(), ["a2 handler_error", "a3 parked"]);
      await events.retry(gateway, "a2");
      assert.deepEqual(await events.handled("a"), ["a1", "a2", "a3"]);
    });
  });
}
