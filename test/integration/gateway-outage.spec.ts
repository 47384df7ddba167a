import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import type { BridgeStatus } from "../../services/bridge/status";
import type { PrivateServers } from "../../services/embedded/private-servers";
import { createGateway } from "../../services/runtime/gateway";
import effectsBatch from "../fixtures/effects-batch.service";
import effectsSingle from "../fixtures/effects-single.service";
import {
  allCommitted,
  assertAtLeastOnce,
  assertDeadLettered,
  assertStored,
  createSpace,
  makeTraffic,
  privateServers,
  type Space,
  sendTraffic,
  startReady,
  waitFor,
} from "../support";

const TYPES = ["order.placed", "order.paid", "order.shipped"];
const GROUPS = ["events", "effects-batch", "effects-single"];
const OUTAGE_MS = 30_000;
/** Over the default timeout of a handler, under the driver's own limit for an answer. */
const FREEZE_MS = 11_300;

describe("gateway, while a server is away", function () {
  this.timeout(240_000);
  let servers: PrivateServers;
  let space: Space;
  let broker: ServiceBroker;

  before(async () => {
    servers = await privateServers();
    space = await createSpace({ mongo: { url: servers.mongoUrl }, kafka: { brokers: servers.brokers } });
    broker = createGateway(space.configuration, {
      plugins: [effectsBatch, effectsSingle] as unknown as ServiceSchema[],
    });
    await startReady(broker);
  });
  after(async () => {
    await broker?.stop();
    await space?.close();
    await servers?.close();
  });

  const status = (): Promise<BridgeStatus> => broker.call("bridge.status");
  const committed = async () => {
    const states = await Promise.all(GROUPS.map((group) => space.groupState(group, TYPES)));
    return states.flat().map((state) => state.committed);
  };

  it("MongoDB stopped for 30 s under load: commits nothing, says degraded, goes on by itself", async () => {
    const traffic = makeTraffic({ types: TYPES, events: 4_000, duplicates: 0.1, bad: 0.05 });
    await sendTraffic(space, traffic);
    await waitFor(async () => (await committed()).some((offset) => offset > 0), {
      what: "the load to be under way",
    });
    await servers.mongo.stop();
    const stoppedAt = Date.now();

    const degraded = await waitFor(
      async () => {
        const now = await status();
        const all = GROUPS.every((group) => now.reasons.some((reason) => reason.includes(group)));
        return now.state === "degraded" && all ? now : null;
      },
      { what: "every group to say why it waits", limitMs: 60_000 },
    );
    assert.match(degraded.reasons.join("\n"), /mongo|ECONNREFUSED|topology|connect/i);
    const before = await committed();
    await waitFor(
      async () => {
        assert.deepEqual(await committed(), before, "nothing is committed while MongoDB is away");
        return Date.now() - stoppedAt > OUTAGE_MS;
      },
      { what: "the outage to last", limitMs: OUTAGE_MS * 2, everyMs: 500 },
    );

    await servers.mongo.start();
    await waitFor(async () => (await status()).state === "ready", {
      what: "the gateway to be ready again",
      limitMs: 30_000,
    });
    for (const group of GROUPS) await allCommitted(space, [group], TYPES);
    await assertStored(space, traffic);
    await assertAtLeastOnce(space, "effects-batch", traffic);
    await assertAtLeastOnce(space, "effects-single", traffic);
    await assertDeadLettered(space, traffic);
  });

  it("MongoDB frozen for longer than a handler may take: no event becomes a dead letter for it, each takes effect", async () => {
    const traffic = makeTraffic({ types: TYPES, events: 500, seed: 3 });
    servers.mongo.pause();
    const frozenAt = Date.now();
    await sendTraffic(space, traffic);
    await waitFor(() => Date.now() - frozenAt > FREEZE_MS, {
      what: "the freeze to last",
      limitMs: FREEZE_MS * 2,
    });
    servers.mongo.resume();
    await allCommitted(space, GROUPS, TYPES, 90_000);
    assert.equal(await space.db.collection("dead_letters").countDocuments({ event_id: /^3-/ }), 0);
    for (const group of ["effects-batch", "effects-single"]) {
      const ids = await space.db.collection("effects").distinct("event_id", { group, event_id: /^3-/ });
      assert.equal(ids.length, traffic.good.size);
    }
  });

  it("Kafka killed and back while a handler is at work: every group goes on, and loses and repeats nothing", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const seen: string[] = [];
    const slow = {
      name: "slow",
      mixins: [
        eventHandler({
          startFrom: "now",
          budget: 30_000,
          handlers: {
            "user.registered": {
              timeout: 30_000,
              async handler({ event_id }) {
                seen.push(event_id);
                if (seen.length === 1) await held;
              },
            },
          },
        }),
      ],
    };
    broker.createService(slow as ServiceSchema);
    await waitFor(
      async () => (await status()).groups.find(({ group }) => group === "slow")?.state === "running",
      { what: "the join" },
    );
    await sendTraffic(space, makeTraffic({ types: ["user.registered"], events: 1, seed: 4 }));
    await waitFor(() => seen.length === 1, { what: "the handler to be at work" });
    await servers.kafka.kill();
    await servers.kafka.start();
    release();
    await sendTraffic(space, makeTraffic({ types: ["user.registered"], events: 20, seed: 5 }));
    await allCommitted(space, ["slow"], ["user.registered"], 60_000);
    assert.equal(seen.filter((id) => id.startsWith("5-")).length, 20);
    await sendTraffic(space, makeTraffic({ types: TYPES, events: 1_000, seed: 2 }));
    await allCommitted(space, GROUPS, TYPES, 90_000);
    await waitFor(async () => (await status()).state === "ready", {
      what: "the gateway to be ready again",
      limitMs: 30_000,
    });
    const effects = await space.db.collection("effects").find({ event_id: /^2-/ }).toArray();
    assert.equal(effects.length, 2_000, "each event once in each group");
  });
});
