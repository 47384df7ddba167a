import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { createGateway } from "../../../services/runtime/gateway";
import effectsStrict from "../../fixtures/effects-strict.service";
import effectsStrictTx from "../../fixtures/effects-strict-tx.service";
import { allCommitted, createSpace, type Space, seeded, startReady, waitFor } from "../../support";
import { KeyedEvents } from "../../support/parked";
import { TRANSPORTERS } from "../../support/transporters";

const TYPES = ["order.placed"];
const PLUGINS = [effectsStrict, effectsStrictTx] as unknown as ServiceSchema[];
const GROUPS = ["effects-strict", "effects-strict-tx"];
const KEYS = ["a", "b", "c", "d", "e", "f", "g", "h"];

const names = (key: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${key}${index + 1}`);

describe("keys that are parked, with several gateways", () => {
  let space: Space;
  let brokers: ServiceBroker[];
  let groups: KeyedEvents[];

  beforeEach(async () => {
    space = await createSpace();
    await space.createTopics(TYPES);
    await space.db.createCollection("effects");
    groups = GROUPS.map((group) => new KeyedEvents(space, group));
    brokers = [];
  });
  afterEach(async () => {
    await Promise.all(brokers.map((broker) => broker.stop()));
    await space.close();
  });

  const waiting = async () => (await Promise.all(groups.map((events) => events.waiting()))).flat();

  it("keep every key's order while all of them retry, one leaves and another comes, under load", async () => {
    const start = async () => {
      const gateway = createGateway(space.configuration, { plugins: PLUGINS, broker: { logger: false } });
      brokers.push(gateway);
      await startReady(gateway);
      return gateway;
    };
    const [one, two] = await Promise.all([start(), start()]);
    const [events] = groups as [KeyedEvents];
    const random = seeded(12);
    const each = 60;
    const all = Array.from({ length: each }, (_, index) => KEYS.map((key) => `${key}${index + 1}`));
    const broken = all.flat().filter(() => random() < 0.08);
    await events.breaks(...broken);

    const parked = () => space.db.collection("dead_letters").countDocuments({ "history.reason": "parked" });
    let sent = false;
    const retrying = [one, two].map(async (gateway) => {
      // The second one is stopped in the middle; what it was asked then fails.
      const retry = (group: string) =>
        gateway.call("dlq.retry", { filter: { group } }).catch(() => undefined);
      const look = async () => {
        await Promise.all(GROUPS.map(retry));
        return sent && (await waiting()).length === 0;
      };
      await waitFor(look, { what: "nothing to wait any more", limitMs: 90_000 });
    });
    for (const [index, wave] of all.entries()) {
      await events.send(...wave);
      if (index === 20) await Promise.all([two.stop(), start()]);
      if (index === 30) await waitFor(async () => (await parked()) > 20, { what: "some to be parked" });
      if (index >= 30 && index % 10 === 9)
        await events.mend(...broken.splice(0, Math.ceil(broken.length / 3)));
    }
    await events.mend(...broken.splice(0));
    await allCommitted(space, GROUPS, TYPES);
    sent = true;
    await Promise.all(retrying);
    await waitFor(async () => (await waiting()).length === 0, {
      what: "the last ones to follow",
      limitMs: 60_000,
    });
    for (const group of groups) {
      for (const key of KEYS)
        assert.deepEqual(await group.handled(key), names(key, each), `${group.group} ${key}`);
    }
  });

  it("and where the plugin is on another node", async () => {
    const joined = await TRANSPORTERS.TCP(["gateway", "plugins"]);
    const { transporter, nodeIDs } = joined;
    const [gateway, node] = nodeIDs.map((nodeID, index) => {
      const configuration = space.configurationWith({ nodeID, transporter });
      const here = index === 0 ? { plugins: [] } : { services: [], plugins: PLUGINS };
      return createGateway(configuration, { ...here, broker: { logger: false } });
    }) as [ServiceBroker, ServiceBroker];
    brokers.push(gateway, node);
    const [events] = groups as [KeyedEvents];
    await events.breaks("a2");
    await events.send("a1", "a2", "b1", "a3", "a4", "b2");
    await Promise.all([gateway.start(), node.start()]);
    await allCommitted(space, GROUPS, TYPES);
    for (const group of groups) {
      assert.deepEqual(await group.handled("a"), ["a1"]);
      assert.deepEqual(await group.waiting(), ["a2 handler_error", "a3 parked", "a4 parked"]);
    }
    await events.mend("a2");
    for (const group of groups) {
      const [retried] = await group.retry(gateway, "a2");
      assert.equal(retried?.followed, 2);
      assert.deepEqual(await group.handled("a"), names("a", 4));
      assert.deepEqual(await group.handled("b"), names("b", 2));
    }
  });
});
