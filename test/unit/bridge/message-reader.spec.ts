import assert from "node:assert/strict";
import { BUILT_IN_SCHEMAS, type Catalog, loadCatalog } from "../../../schemas/catalog";
import { MessageReader } from "../../../services/bridge/message-reader";
import { exampleOf } from "../../support";

const PLACE = { topic: "order.placed", partition: 1, offset: "70000" };

describe("reading a message for several groups", () => {
  const real = loadCatalog({ dirs: [BUILT_IN_SCHEMAS] });
  const event = exampleOf("order.placed");
  let checks: number;
  let reader: MessageReader;

  beforeEach(() => {
    checks = 0;
    const counting: Catalog = {
      ...real,
      validate: (value) => {
        checks += 1;
        return real.validate(value);
      },
    };
    reader = new MessageReader(counting);
  });

  const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

  it("checks it once, and gives each its own event", () => {
    const first = reader.read(bytes(event), PLACE).event;
    const second = reader.read(bytes(event), PLACE).event;
    assert.equal(checks, 1);
    assert.deepEqual(second, first);
    assert.notEqual(second, first);
    assert.notEqual(second?.payload, first?.payload);
  });

  it("checks other bytes at the same place anew, as of a topic that was made anew", () => {
    assert.ok(reader.read(bytes(event), PLACE).event);
    assert.equal(reader.read(bytes({ ...event, payload: {} }), PLACE).refusal?.reason, "invalid");
    assert.equal(reader.read(Buffer.from([0xff]), PLACE).refusal?.reason, "unparseable");
  });

  it("checks the same bytes at another place anew", () => {
    for (const other of [
      { topic: "order.paid" },
      { partition: 2 },
      { offset: "70001" },
      { offset: "4464" },
    ]) {
      reader.read(bytes(event), PLACE);
      checks = 0;
      reader.read(bytes(event), { ...PLACE, ...other });
      assert.equal(checks, 1, JSON.stringify(other));
    }
  });

  it("refuses again what it refused", () => {
    const invalid = bytes({ ...event, payload: {} });
    assert.deepEqual(reader.read(invalid, PLACE), reader.read(invalid, PLACE));
    assert.equal(reader.read(invalid, PLACE).refusal?.reason, "invalid");
    assert.equal(reader.read(null, PLACE).refusal?.reason, "unparseable");
    assert.equal(reader.read(Buffer.alloc(0), PLACE).refusal?.reason, "unparseable");
  });

  it("remembers offset 0", () => {
    reader.read(bytes(event), { ...PLACE, offset: "0" });
    reader.read(bytes(event), { ...PLACE, offset: "0" });
    assert.equal(checks, 1);
  });
});
