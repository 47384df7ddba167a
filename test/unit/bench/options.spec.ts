import assert from "node:assert/strict";
import { cellsOf, names, wholeNumber, wholeNumbers } from "../../bench/session/options";
import { contendersOf } from "../../bench/ways/contenders";

describe("options of the measuring programs", () => {
  it("are whole numbers within limits, and say so", () => {
    assert.equal(wholeNumber("events", "500", [1, 1_000]), 500);
    for (const wrong of ["", "0", "1001", "1.5", "many"]) {
      assert.throws(
        () => wholeNumber("events", wrong, [1, 1_000]),
        /--events: expected a whole number from 1 to 1000/,
      );
    }
  });

  it("are lists, each value once", () => {
    assert.deepEqual(wholeNumbers("partitions", "4,1,16,4", [1, 64]), [4, 1, 16]);
    assert.deepEqual(names(" bare, gateway,"), ["bare", "gateway"]);
    assert.deepEqual(names(undefined), []);
  });

  const lists = { partitions: [4, 1, 16], plugins: [1, 3], bytes: [500, 10_000] };

  it("vary one thing at a time, beginning with the first of each", () => {
    const cells = cellsOf(lists, false).map(({ partitions, plugins, bytes }) => [partitions, plugins, bytes]);
    assert.deepEqual(cells[0], [4, 1, 500]);
    assert.deepEqual(
      new Set(cells.map(String)),
      new Set(["4,1,500", "1,1,500", "16,1,500", "4,3,500", "4,1,10000"]),
    );
  });

  it("vary everything with everything where asked for", () => {
    assert.equal(cellsOf(lists, true).length, 12);
  });

  it("choose ways by name or letter, in their usual order", () => {
    const chosen = (...wanted: string[]) => contendersOf(wanted).map(({ name }) => name);
    assert.deepEqual(chosen("b", "bare"), ["bare", "gateway", "gateway-tx"]);
    assert.deepEqual(chosen("f"), ["connect", "connect-idempotent"]);
    assert.equal(chosen().length, 9);
    assert.throws(() => chosen("x"), /--only x: expected bare, .*, or a to f/);
  });
});
