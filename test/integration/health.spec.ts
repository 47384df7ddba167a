import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { createGateway } from "../../services/runtime/gateway";
import { testConfiguration, uniqueName } from "../support";

const HEALTH = path.resolve(__dirname, "../../services/health/health.service.ts");

describe("health over HTTP", () => {
  let broker: ServiceBroker | undefined;
  let occupied: Server | undefined;
  afterEach(async () => {
    await broker?.stop();
    broker = undefined;
    occupied?.close();
    occupied = undefined;
  });

  /** A gateway with the health service and these others; its address. */
  async function start(services: ServiceSchema[] = []): Promise<string> {
    const port = await freePort();
    const configuration = testConfiguration(uniqueName("health"), { http: { host: "127.0.0.1", port } });
    broker = createGateway(configuration, { services: [HEALTH, ...services], broker: { logger: false } });
    await broker.start();
    return `http://127.0.0.1:${port}`;
  }

  function bridge(status: () => unknown): ServiceSchema {
    return { name: "bridge", actions: { status } };
  }

  it("is alive and not ready while there is no bridge", async () => {
    const address = await start();
    const live = await fetch(`${address}/livez`);
    assert.deepEqual([live.status, await live.json()], [200, { status: "alive" }]);
    const ready = await fetch(`${address}/readyz?verbose`);
    assert.deepEqual(
      [ready.status, await ready.json()],
      [503, { state: "starting", reasons: ["the bridge has not started yet"] }],
    );
  });

  it("is ready when the bridge says so, and tells its reasons when it does not", async () => {
    let status = { state: "ready", reasons: [] as string[], groups: {} };
    const address = await start([bridge(() => status)]);
    const ready = await fetch(`${address}/readyz`);
    assert.deepEqual([ready.status, await ready.json()], [200, { state: "ready", reasons: [] }]);
    for (const state of ["starting", "degraded", "draining", "stopped"]) {
      status = { state, reasons: [`it is ${state}`], groups: {} };
      const response = await fetch(`${address}/readyz`);
      assert.deepEqual(
        [response.status, await response.json()],
        [503, { state, reasons: [`it is ${state}`] }],
      );
    }
  });

  it("is not ready when the bridge cannot answer", async () => {
    const address = await start([
      bridge(() => {
        throw new Error("out of order");
      }),
    ]);
    const response = await fetch(`${address}/readyz`);
    assert.deepEqual(
      [response.status, await response.json()],
      [503, { state: "unknown", reasons: ["out of order"] }],
    );
  });

  it("answers nothing else", async () => {
    const address = await start();
    assert.equal((await fetch(`${address}/`)).status, 404);
    const posted = await fetch(`${address}/livez`, { method: "POST" });
    assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
    assert.equal((await fetch(`${address}/livez`, { method: "HEAD" })).status, 200);
  });

  it("says which setting to change when its port is taken", async () => {
    occupied = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => occupied?.listen(port, "127.0.0.1", resolve));
    const configuration = testConfiguration(uniqueName("health"), { http: { host: "127.0.0.1", port } });
    broker = createGateway(configuration, { services: [HEALTH], broker: { logger: false } });
    await assert.rejects(broker.start(), {
      type: "WEIR_HTTP_UNAVAILABLE",
      message: new RegExp(`127\\.0\\.0\\.1:${port} .* is in use by another program\\. Set WEIR_HTTP_PORT`),
    });
  });

  it("opens no port when it is off", async () => {
    const configuration = testConfiguration(uniqueName("health"), { http: null });
    broker = createGateway(configuration, { services: [HEALTH], broker: { logger: false } });
    await broker.start();
    assert.ok(!process.getActiveResourcesInfo().includes("TCPServerWrap"));
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
