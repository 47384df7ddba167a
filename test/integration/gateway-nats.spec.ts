import assert from "node:assert/strict";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { createGateway } from "../../services/runtime/gateway";
import effectsTx from "../fixtures/effects-tx.service";
import {
  allCommitted,
  assertOnce,
  createSpace,
  makeTraffic,
  type Space,
  sendTraffic,
  waitFor,
} from "../support";
import { type Daemon, startDaemon } from "../support/daemon";
import { daemonEnvironment } from "../support/daemon-environment";
import { freePort } from "../support/free-port";
import { type Nats, startNats } from "../support/nats";

const TYPES = ["order.placed", "order.paid"];

describe("nodes and their NATS", () => {
  let space: Space;
  let nats: Nats;

  before(async () => {
    space = await createSpace();
    nats = await startNats();
  });
  after(async () => {
    await nats?.close();
    await space.close();
  });

  it("wait for a NATS that is not there at the start, say so, and start when it comes", async () => {
    await nats.kill();
    const gateway = daemon(nats.url);
    try {
      await gateway.logged(/NATS error.*REFUSED|Connection is failed/);
      assert.equal(gateway.child.exitCode, null);
      await nats.start();
      await gateway.logged(/^ready/, { limitMs: 30_000 });
      gateway.kill("SIGTERM");
      assert.equal(await gateway.exit(), 0);
    } finally {
      await gateway.end();
    }
  });

  it("stop in order while they wait for it", async () => {
    const gateway = daemon(`nats://127.0.0.1:${await freePort()}`);
    try {
      await gateway.logged(/NATS error.*REFUSED|Connection is failed/);
      gateway.kill("SIGTERM");
      assert.equal(await gateway.exit(), 0);
    } finally {
      await gateway.end();
    }
  });

  it("go on by themselves when it was killed and is back, and lose nothing", async () => {
    const broker = { logger: false as const };
    const { url: transporter } = nats;
    const gateway = createGateway(space.configurationWith({ nodeID: "gateway", transporter }), { broker });
    const host = createGateway(space.configurationWith({ nodeID: "host", transporter }), {
      broker,
      services: [effectsTx as unknown as ServiceSchema],
    });
    try {
      await Promise.all([gateway.start(), host.start()]);
      await isHosted(gateway, true);
      const traffic = makeTraffic({ types: TYPES, events: 3_000, duplicates: 0.1, seed: 5 });
      const sent = sendTraffic(space, traffic);
      await waitFor(() => space.db.collection("effects").findOne({ group: "effects-tx" }), {
        what: "work under way",
      });
      await nats.kill();
      await isHosted(gateway, false);
      await nats.start();
      await sent;
      await allCommitted(space, ["events", "effects-tx"], TYPES);
      await assertOnce(space, "effects-tx", traffic);
    } finally {
      await host.stop();
      await gateway.stop();
    }
  });

  it("end the calls to a node that died and is back under its name before anybody missed it", async () => {
    const { url: transporter } = nats;
    const node = (nodeID: string, services: object[] = []) =>
      createGateway(space.configurationWith({ nodeID, transporter }), {
        broker: { logger: false },
        services: services as ServiceSchema[],
      });
    const hangs = { name: "hangs", actions: { forever: () => new Promise(() => undefined) } };
    const caller = node("caller");
    const dying = node("mortal", [hangs]);
    const reborn = node("mortal", [hangs]);
    try {
      await Promise.all([caller.start(), dying.start()]);
      await caller.waitForServices("hangs", 20_000, 50);
      const call = assert.rejects(caller.call("hangs.forever"), { type: "REQUEST_REJECTED" });
      // As a kill: no goodbye, and no heartbeat any more.
      await natsClientOf(dying).close();
      await reborn.start();
      await call;
    } finally {
      await reborn.stop();
      await dying.stop().catch(() => undefined);
      await caller.stop();
    }
  });

  function natsClientOf(broker: ServiceBroker): { close(): Promise<void> } {
    return (broker as unknown as { transit: { tx: { client: { close(): Promise<void> } } } }).transit.tx
      .client;
  }

  function daemon(url: string): Daemon {
    return startDaemon({
      args: [
        "services/bridge",
        "services/schemas",
        "services/idempotency",
        "services/dlq",
        "services/events",
      ],
      env: { ...daemonEnvironment(space.configuration), WEIR_TRANSPORTER: url },
    });
  }

  async function isHosted(gateway: ServiceBroker, hosted: boolean): Promise<void> {
    const list = () => gateway.registry.getServiceList({ onlyAvailable: true }) as { name: string }[];
    await waitFor(() => list().some(({ name }) => name === "effects-tx") === hosted, {
      what: `the gateway ${hosted ? "to find" : "to miss"} the plugin's node`,
    });
  }
});
