import assert from "node:assert/strict";
import { type Fate, OFFSET_ACTION, passable } from "../../../services/bridge/offset-action";

describe("what happens to the offset", () => {
  it("passes what is done, and what is not this group's business", () => {
    for (const fate of ["completed", "duplicate", "passed_over"] as const)
      assert.equal(OFFSET_ACTION[fate], "pass");
  });

  it("passes what failed or was refused only after its letter is stored", () => {
    for (const fate of ["failed", "refused"] as const) assert.equal(OFFSET_ACTION[fate], "pass_after_letter");
  });

  it("stops at the first message that is busy or was not begun, whatever is done behind it", () => {
    const fates: Fate[] = ["completed", "failed", "busy", "completed", "not_started"];
    assert.equal(passable(fates), 2);
    assert.equal(passable(["not_started", "completed"]), 0);
    assert.equal(passable(["completed", "duplicate", "refused"]), 3);
  });
});
