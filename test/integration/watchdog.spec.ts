import assert from "node:assert/strict";
import type { Consumer } from "kafkajs";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { eventHandler } from "../../mixins/event-handler.mixin";
import type { Bridge } from "../../services/bridge/bridge";
import type { BridgeStatus, PartitionStatus } from "../../services/bridge/status";
import type { Stuck } from "../../services/bridge/watchdog";
import { createGateway } from "../../services/runtime/gateway";
import effectsBatch from "../fixtures/effects-batch.service";
import {
  allCommitted,
  assertOnce,
  createSpace,
  makeTraffic,
  type Space,
  sendTraffic,
  startReady,
  waitFor,
} from "../support";

const TYPES = ["order.placed"];

describe("watchdog", () => {
  let space: Space;
  let gateway: ServiceBroker;
  let told: { change: string; stuck: Stuck }[];

  beforeEach(async () => {
    space = await createSpace();
    told = [];
  });
  afterEach(async () => {
    await gateway?.stop();
    await space.close();
  });

  async function start(plugin: object): Promise<void> {
    const listener = {
      name: "listener",
      events: Object.fromEntries(
        ["stuck", "moving"].map((change) => [
          `bridge.partition.${change}`,
          ({ params }: { params: Stuck }) => void told.push({ change, stuck: params }),
        ]),
      ),
    };
    const configuration = space.configurationWith({ stuckAfterMs: 1_000 });
    gateway = createGateway(configuration, { plugins: [plugin, listener] as ServiceSchema[] });
    await startReady(gateway);
  }

  const status = (): Promise<BridgeStatus> => gateway.call("bridge.status");
  const partitionsOf = async (name: string): Promise<PartitionStatus[]> =>
    (await status()).groups.find(({ group }) => group === name)?.partitions ?? [];

  it("tells a partition whose handler does not end from idle ones, and says when it gets on", async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const handlers = { "order.placed": { timeout: 25_000, handler: () => released } };
    await start({ name: "slow", mixins: [eventHandler({ budget: 30_000, handlers })] });
    await space.produce(
      "order.placed",
      makeTraffic({ types: TYPES, events: 1 }).messages.get("order.placed") ?? [],
    );
    await waitFor(() => told.length > 0, { what: "the watchdog to tell a stuck partition" });

    const { state, reasons } = await status();
    assert.equal(state, "degraded");
    assert.match(
      reasons.join(),
      /group slow: .*order\.placed\[\d\] is stuck at offset .*a chunk is in hand since/,
    );
    const slow = await partitionsOf("slow");
    assert.deepEqual(slow.map((partition) => partition.state).sort(), ["idle", "idle", "stuck"]);
    assert.ok((await partitionsOf("events")).every((partition) => partition.state === "idle"));
    assert.equal(told[0]?.stuck.in_flight_since, slow.find(({ lag }) => lag > 0)?.in_flight_since);

    release();
    await allCommitted(space, ["slow"], TYPES);
    await waitFor(async () => (await status()).state === "ready", { what: "ready" });
    assert.deepEqual(
      told.map(({ change }) => change),
      ["stuck", "moving"],
    );
    assert.ok((await partitionsOf("slow")).every((partition) => partition.state === "idle"));
  });

  it("gives a group whose client fetches nothing a new one", async () => {
    await start(effectsBatch);
    const { bridge } = gateway.getLocalService("bridge") as unknown as { bridge: Bridge };
    const runner = bridge.supervisor.groups.get("effects-batch")?.runner;
    assert.ok(runner);
    // As a client behaves whose fetches were never answered: alive for Kafka, and silent.
    const { consumer } = runner.consumer as unknown as { consumer: Consumer };
    consumer.pause(runner.topics.map((topic) => ({ topic })));
    const traffic = makeTraffic({ types: TYPES, events: 300 });
    await sendTraffic(space, traffic);
    await allCommitted(space, ["effects-batch"], TYPES);
    await assertOnce(space, "effects-batch", traffic);
    const stuck = told.find(({ change }) => change === "stuck");
    assert.deepEqual([stuck?.stuck.group, stuck?.stuck.in_flight_since], ["effects-batch", null]);
  });
});
