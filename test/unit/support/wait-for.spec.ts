import assert from "node:assert/strict";
import { waitFor } from "../../support";

describe("waitFor", () => {
  it("gives what the first successful look gave, though earlier looks threw", async () => {
    let looks = 0;
    const value = await waitFor(
      () => {
        looks += 1;
        if (looks < 3) throw new Error("not there yet");
        return looks;
      },
      { what: "the third look", everyMs: 1 },
    );
    assert.equal(value, 3);
  });

  it("says what it waited for, and what it saw last", async () => {
    await assert.rejects(
      waitFor(() => 0, { what: "a number above zero", limitMs: 20, everyMs: 5 }),
      /Waited 20 ms for a number above zero; the last look gave 0/,
    );
  });
});
