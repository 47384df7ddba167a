import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Middleware, ServiceBroker } from "moleculer";
import type { PublishRequest } from "../../../services/bridge/publish";
import type { BridgeStatus } from "../../../services/bridge/status";
import { createGateway } from "../../../services/runtime/gateway";
import { allCommitted, createSpace, exampleOf, type Space, waitFor } from "../../support";

const EXAMPLES = path.resolve(__dirname, "..");

/** The plugins that the documentation shows do what it says. */
describe("plugins of the documentation", () => {
  let space: Space;
  let gateway: ServiceBroker;
  let warehouse: Server | undefined;
  const log: string[] = [];
  const asked: { id: string }[] = [];

  before(async () => {
    space = await createSpace({ schemaDirs: [path.join(EXAMPLES, "schemas")] });
    const remember: Middleware = {
      newLogEntry: (_level: string, args: unknown[]) => void log.push(String(args[0])),
    };
    gateway = createGateway(space.configuration, {
      plugins: ["welcome", "every-option", "stock", "points", "parcels"].map((name) =>
        path.join(EXAMPLES, `${name}.service.ts`),
      ),
      broker: { logger: { type: "Console", options: { level: "fatal" } }, middlewares: [remember] },
    });
    await gateway.start();
  });
  after(async () => {
    warehouse?.closeAllConnections();
    warehouse?.close();
    await gateway?.stop();
    await space.close();
  });

  function publish(request: Partial<PublishRequest> & { event_type: string }) {
    const payload = request.payload ?? (exampleOf(request.event_type).payload as PublishRequest["payload"]);
    return gateway.call<unknown, PublishRequest>("bridge.publish", { ...request, payload });
  }

  it("welcome: ten lines are a plugin", async () => {
    await publish({ event_type: "user.registered" });
    await allCommitted(space, ["welcome"], ["user.registered"]);
    assert.ok(log.includes("Welcome, Ada Byron!"));
  });

  it("every-option: takes every type of its pattern", async () => {
    for (const event_type of ["order.placed", "order.paid"])
      await publish({ event_type, event_id: `of-${event_type}` });
    await allCommitted(space, ["every-option"], ["order.placed", "order.paid"]);
    const lines = log.filter((line) => line.startsWith("order."));
    assert.deepEqual(lines.sort(), [
      "order.paid of-order.paid, run 1",
      "order.placed of-order.placed, run 1",
    ]);
  });

  it("points: adds each order's points exactly once", async () => {
    const before = await space.db.collection("points").findOne({ user_id: "usr-7" });
    assert.equal(before, null);
    const paid = (amount_cents: number) => ({ ...exampleOf("order.paid").payload, amount_cents });
    for (const [event_id, amount] of Object.entries({ a: 1_050, b: 200, c: 99 })) {
      const event = { event_type: "order.paid", payload: paid(amount), metadata: { user_id: "usr-7" } };
      for (const _ of [1, 2]) await publish({ ...event, event_id: `points-${event_id}` });
    }
    await allCommitted(space, ["points"], ["order.paid"]);
    const account = await space.db.collection("points").findOne({ user_id: "usr-7" });
    assert.equal(account?.points, 12);
  });

  it("parcels: sees the newest version of whatever was sent, the store keeps what came", async () => {
    const weighed: [version: string, payload: PublishRequest["payload"]][] = [
      ["1.0", { parcel: "p-1", kilograms: 1.25 }],
      ["1.1", { parcel: "p-2", kilograms: 0.5, scales: "dock 3" }],
      ["2.0", { parcel: "p-3", grams: 700, scales: "dock 3" }],
      ["1.0", { parcel: "p-1", kilograms: 1.25 }],
    ];
    for (const [event_version, payload] of weighed) {
      const event_id = `weighed-${event_version}`;
      await publish({ event_type: "parcel.weighed", event_id, event_version, payload, key: "p" });
    }
    await allCommitted(space, ["parcels", "events"], ["parcel.weighed"]);
    assert.deepEqual(
      log.filter((line) => line.startsWith("parcel.weighed")),
      [
        'parcel.weighed 2.0: {"parcel":"p-1","grams":1250,"scales":"unknown"}',
        'parcel.weighed 2.0: {"parcel":"p-2","grams":500,"scales":"dock 3"}',
        'parcel.weighed 2.0: {"parcel":"p-3","grams":700,"scales":"dock 3"}',
      ],
    );
    const stored = await space.db.collection("events").findOne({ event_id: "weighed-1.0" });
    assert.deepEqual([stored?.event_version, stored?.payload], weighed[0]);
  });

  it("stock: waits while its warehouse is away, then takes each reservation once", async () => {
    // A port that was free a moment ago: nobody answers there yet.
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        asked.push(JSON.parse(body));
        response.end();
      });
    });
    const listen = (port: number) =>
      new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    await listen(0);
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    process.env.WAREHOUSE_URL = `http://127.0.0.1:${port}`;

    const payload = { sku: "MUG", quantity: 2, reservation: "r1" };
    for (const event_id of ["s1", "s2"])
      await publish({ event_type: "stock.reserved", event_id, payload, key: "MUG" });
    const status = await waitFor(
      async () => {
        const now = await gateway.call<BridgeStatus, object>("bridge.status", {});
        return now.state === "degraded" ? now : null;
      },
      { what: "the gateway to say that the warehouse is away" },
    );
    assert.match(status.reasons.join(), /group stock: .*the warehouse is away/);
    assert.equal(await space.db.collection("dead_letters").countDocuments(), 0);

    warehouse = server;
    await listen(port);
    await allCommitted(space, ["stock"], ["stock.reserved"]);
    assert.deepEqual(
      asked.map(({ id }) => id),
      ["s1"],
      "the other has the same content",
    );
    delete process.env.WAREHOUSE_URL;
  });
});
