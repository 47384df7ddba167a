import assert from "node:assert/strict";
import path from "node:path";
import type { ServiceBroker } from "moleculer";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import type { Configuration } from "../../schemas/configuration/configuration";
import { loadConfiguration } from "../../schemas/configuration/load-configuration";
import { onDrain, unfinishedDrains } from "../../services/runtime/drain";
import { createGateway } from "../../services/runtime/gateway";
import { productServices } from "../../services/runtime/product-services";

function gateway(env: NodeJS.ProcessEnv = {}, changes: Partial<Configuration> = {}): ServiceBroker {
  const configuration = { ...loadConfiguration({ WEIR_HTTP_PORT: "off", ...env }), ...changes };
  return createGateway(configuration, { services: [], broker: { logger: false } });
}

describe("a gateway's broker", () => {
  it("is given its configuration, and takes no signals", () => {
    const listeners = process.listenerCount("SIGTERM");
    const broker = gateway({ WEIR_NAMESPACE: "shop", WEIR_NODE_ID: "gate-1" });
    assert.equal(configurationOf(broker).namespace, "shop");
    assert.deepEqual([broker.namespace, broker.nodeID], ["shop", "gate-1"]);
    assert.equal(process.listenerCount("SIGTERM"), listeners);
  });

  it("shows no secret to other nodes", async () => {
    const broker = gateway({
      MONGO_URL: "mongodb://gateway:hush-hush@db/",
      WEIR_TRANSPORTER: "nats://gateway:hush-hush@127.0.0.1:4222",
      KAFKA_SASL_MECHANISM: "plain",
      KAFKA_SASL_USERNAME: "gateway",
      KAFKA_SASL_PASSWORD: "hush-hush-too",
    });
    const node = broker.getLocalService("$node");
    const options = await node.actions.options?.({});
    assert.equal((options as { transporter: string }).transporter, "nats://gateway:***@127.0.0.1:4222");
    assert.doesNotMatch(JSON.stringify(options), /hush/);
    assert.doesNotMatch(JSON.stringify(broker.registry.getLocalNodeInfo(true)), /hush/);
  });

  it("loads the product's own services, and the samples only where asked for", () => {
    const names = productServices().map((file) => path.basename(file));
    assert.ok(names.includes("health.service.ts"));
    const samples = `${path.sep}samples${path.sep}`;
    assert.ok(!productServices().some((file) => file.includes(samples)));
  });
});

describe("the drain of a broker", () => {
  it("ends before any service stops, and before the node leaves", async () => {
    const steps: string[] = [];
    const broker = gateway();
    broker.createService({
      name: "store",
      actions: { save: () => void steps.push("saved") },
      stopped: () => void steps.push("stopped"),
    });
    await broker.start();
    onDrain(broker, "first", async () => broker.call("store.save"));
    onDrain(broker, "second", async () => void steps.push("second"));
    await broker.stop();
    assert.deepEqual(steps.slice(0, 2).sort(), ["saved", "second"]);
    assert.deepEqual(steps.slice(2), ["stopped"]);
    assert.deepEqual(unfinishedDrains(broker), []);
  });

  it("runs once when the broker is stopped twice at once", async () => {
    let drains = 0;
    const broker = gateway();
    await broker.start();
    onDrain(broker, "work", async () => {
      drains += 1;
    });
    await Promise.all([broker.stop(), broker.stop()]);
    assert.equal(drains, 1);
  });

  it("uses the function that came last under a name, until that is taken back", async () => {
    const ran: string[] = [];
    const broker = gateway();
    await broker.start();
    const takeBackOld = onDrain(broker, "work", async () => void ran.push("old"));
    onDrain(broker, "work", async () => void ran.push("new"));
    takeBackOld();
    const takeBack = onDrain(broker, "more", async () => void ran.push("more"));
    takeBack();
    await broker.stop();
    assert.deepEqual(ran, ["new"]);
  });

  it("tells what failed and what took too long, and lets neither hold the others", async () => {
    const broker = gateway({}, { stopDeadlineMs: 200 });
    await broker.start();
    let deadline = 0;
    onDrain(broker, "good", async (until) => {
      deadline = until;
    });
    onDrain(broker, "failing", async () => {
      throw new Error("no way");
    });
    onDrain(broker, "hanging", () => new Promise(() => undefined));
    await broker.stop();
    assert.ok(deadline > 0);
    assert.deepEqual(unfinishedDrains(broker), [
      { name: "failing", problem: "no way" },
      { name: "hanging", problem: "its time was up" },
    ]);
  });
});
