import assert from "node:assert/strict";
import { BUILT_IN_SCHEMAS, type Catalog, loadCatalog } from "../../../schemas/catalog";
import { MessageReader } from "../../../services/bridge/message-reader";
import { exampleOf } from "../../support";

const PLACE = { topic: "order.placed", partition: 1 };
const OFFSET = "70000";

describe("reading a message for several groups", () => {
  const real = loadCatalog({ dirs: [BUILT_IN_SCHEMAS] });
  const event = exampleOf("order.placed");
  let checks: number;
  let shared: boolean;
  let reader: MessageReader;

  beforeEach(() => {
    checks = 0;
    shared = true;
    const counting: Catalog = {
      ...real,
      validate: (value) => {
        checks += 1;
        return real.validate(value);
      },
    };
    reader = new MessageReader(counting, () => shared);
  });

  const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
  const message = (value: unknown, offset = OFFSET) => ({ value: bytes(value), offset });

  it("checks it once, and gives each its own event", () => {
    const first = reader.read(message(event), PLACE).event;
    const second = reader.read(message(event), PLACE).event;
    assert.equal(checks, 1);
    assert.deepEqual(second, first);
    assert.notEqual(second, first);
    assert.notEqual(second?.payload, first?.payload);
  });

  it("checks other bytes at the same place anew, as of a topic that was made anew", () => {
    assert.ok(reader.read(message(event), PLACE).event);
    assert.equal(reader.read(message({ ...event, payload: {} }), PLACE).refusal?.reason, "invalid");
    assert.equal(
      reader.read({ value: Buffer.from([0xff]), offset: OFFSET }, PLACE).refusal?.reason,
      "unparseable",
    );
  });

  it("checks the same bytes at another place anew", () => {
    const others: [object, string?][] = [
      [{ topic: "order.paid" }],
      [{ partition: 2 }],
      [{}, "70001"],
      [{}, "4464"],
    ];
    for (const [place, offset] of others) {
      reader.read(message(event), PLACE);
      checks = 0;
      reader.read(message(event, offset), { ...PLACE, ...place });
      assert.equal(checks, 1, JSON.stringify([place, offset]));
    }
  });

  it("refuses again what it refused", () => {
    const invalid = message({ ...event, payload: {} });
    assert.deepEqual(reader.read(invalid, PLACE), reader.read(invalid, PLACE));
    assert.equal(reader.read(invalid, PLACE).refusal?.reason, "invalid");
    assert.equal(reader.read({ value: null, offset: OFFSET }, PLACE).refusal?.reason, "unparseable");
    assert.equal(
      reader.read({ value: Buffer.alloc(0), offset: OFFSET }, PLACE).refusal?.reason,
      "unparseable",
    );
  });

  it("remembers offset 0", () => {
    reader.read(message(event, "0"), PLACE);
    reader.read(message(event, "0"), PLACE);
    assert.equal(checks, 1);
  });

  describe("of a message that they share", () => {
    it("parses and checks it once, and freezes it, because each has the same event", () => {
      const shared = { ...message(event), readers: 3 };
      const first = reader.read(shared, PLACE);
      assert.equal(reader.read(shared, PLACE), first);
      assert.equal(reader.read(shared, PLACE), first);
      assert.equal(checks, 1);
      assert.deepEqual(first.event, event);
      assert.ok(Object.isFrozen(first.event) && Object.isFrozen(first.event?.payload));
    });

    it("forgets the event with its last reader", () => {
      const shared = { ...message(event), readers: 2 };
      reader.read(shared, PLACE);
      reader.read(shared, PLACE);
      assert.equal((shared as { read?: unknown }).read, undefined);
    });

    it("refuses it for all", () => {
      const shared = { ...message({ ...event, payload: {} }), readers: 2 };
      const first = reader.read(shared, PLACE);
      assert.equal(first.refusal?.reason, "invalid");
      assert.equal(reader.read(shared, PLACE), first);
    });

    it("reads it again for one that asks again", () => {
      const shared = { ...message(event), readers: 2 };
      for (let asked = 0; asked < 4; asked += 1) assert.deepEqual(reader.read(shared, PLACE).event, event);
    });

    it("is not taken for what another gateway of the process made of it", () => {
      const theirs = new MessageReader(
        { ...real, validate: () => ({ valid: false, reason: "unknown_type", errors: [] }) },
        () => true,
      );
      const shared = { ...message(event), readers: 3 };
      assert.equal(theirs.read(shared, PLACE).refusal?.reason, "unknown_type");
      assert.deepEqual(reader.read(shared, PLACE).event, event);
      assert.equal(theirs.read(shared, PLACE).refusal?.reason, "unknown_type");
    });
  });

  it("remembers nothing for one group alone, and goes on remembering when there are more", () => {
    shared = false;
    reader.read(message(event), PLACE);
    reader.read(message(event), PLACE);
    assert.equal(checks, 2);
    shared = true;
    reader.read(message(event), PLACE);
    reader.read(message(event), PLACE);
    assert.equal(checks, 3);
  });

  it("freezes an event where several groups read, whether it is shared or not, and leaves it alone for one group", () => {
    assert.ok(Object.isFrozen(reader.read(message(event), PLACE).event?.payload));
    shared = false;
    assert.ok(!Object.isFrozen(reader.read(message(event, "1"), PLACE).event));
  });
});
