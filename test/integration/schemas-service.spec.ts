import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ServiceBroker } from "moleculer";
import { BUILT_IN_SCHEMAS } from "../../schemas/catalog";
import schemas from "../../services/schemas/schemas.service";
import { testConfiguration, uniqueName } from "../support";
import { createBroker } from "../support/broker";

describe("schemas service", () => {
  let folder: string;
  let broker: ServiceBroker;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "weir-schemas-"));
    mkdirSync(path.join(folder, "tank.filled"));
    writeFileSync(path.join(folder, "tank.filled", "1.0.json"), '{ "type": "object" }');
    broker = createBroker(testConfiguration(uniqueName(), { schemaDirs: [folder] }), [schemas]).broker;
    await broker.start();
  });
  after(async () => {
    await broker.stop();
    rmSync(folder, { recursive: true });
  });

  it("lists the built-in and the configured types", async () => {
    const types = (await broker.call<{ event_type: string }[]>("schemas.list")).map(
      ({ event_type }) => event_type,
    );
    assert.ok(types.includes("order.placed") && types.includes("tank.filled"));
  });

  it("gives a type's schema, and says what to do when there is none", async () => {
    const found = await broker.call<{ schema: object }, object>("schemas.get", {
      event_type: "order.placed",
    });
    const file = readFileSync(path.join(BUILT_IN_SCHEMAS, "order.placed", "1.0.json"), "utf8");
    assert.deepEqual(found.schema, JSON.parse(file));
    await assert.rejects(broker.call("schemas.get", { event_type: "order.lost" }), {
      type: "WEIR_EVENT_TYPE_UNKNOWN",
      code: 404,
    });
  });

  it("validates an event without sending it", async () => {
    const example = path.join(BUILT_IN_SCHEMAS, "order.paid", "examples", "valid-by-card.json");
    const event = JSON.parse(readFileSync(example, "utf8"));
    assert.deepEqual(await broker.call("schemas.validate", { event }), { valid: true, errors: [] });
    assert.deepEqual(await broker.call("schemas.validate", { event: { ...event, event_id: 5 } }), {
      valid: false,
      reason: "invalid",
      errors: [{ path: "/event_id", message: "must be string", keyword: "type" }],
    });
  });
});
