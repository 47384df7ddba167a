import assert from "node:assert/strict";
import path from "node:path";
import { liftedEvent } from "../../../mixins/event-handler/lift";
import { loadCatalog } from "../../../schemas/catalog";
import type { DeliverRequest } from "../../../schemas/delivery";
import { withLifts } from "../../../services/bridge/lifts";

const dirs = [path.resolve(__dirname, "../../examples/schemas")];

describe("lifting events on the plugin's node", () => {
  const catalog = loadCatalog({ dirs });
  const event = (event_version: string) => ({
    event_id: "e",
    event_type: "parcel.weighed",
    event_version,
    timestamp: "2026-03-01T12:00:00Z",
    metadata: { service_name: "s", service_version: "1" },
    payload: { parcel: "p", kilograms: 2 },
  });
  const request = (...versions: string[]) =>
    ({
      group: "g",
      items: versions.map((version) => ({ event: event(version) })),
    }) as unknown as DeliverRequest;

  it("is asked for by the gateway, by type, where any event is of an older version", () => {
    assert.deepEqual(withLifts(catalog, request("2.0", "1.0", "1.1")).lift_to, { "parcel.weighed": "2.0" });
    const newest = request("2.0");
    assert.equal(withLifts(catalog, newest), newest);
  });

  it("is done as asked, and not without being asked", () => {
    const never = () => assert.fail("the schemas are not even read");
    const old = event("1.0");
    assert.equal(liftedEvent(never, { group: "g" }, old), old);
    const lifted = liftedEvent(() => catalog, { group: "g", lift_to: { "parcel.weighed": "2.0" } }, old);
    assert.deepEqual(lifted.payload, { parcel: "p", grams: 2_000, scales: "unknown" });
  });

  it("makes events wait on a node that has not got the upcasters, and says what to do", () => {
    const without = {
      ...catalog,
      lift: (came: ReturnType<typeof event>) => came,
    } as unknown as typeof catalog;
    const asked = { group: "g", lift_to: { "parcel.weighed": "2.0" } };
    assert.throws(() => liftedEvent(() => without, asked, event("1.0")), {
      type: "WEIR_UNAVAILABLE",
      message: /parcel\.weighed 1\.0 as 2\.0, but its node can lift it to 1\.0 only.*WEIR_SCHEMA_DIRS/,
    });
  });
});
