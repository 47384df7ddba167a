import assert from "node:assert/strict";
import { Pace } from "../../../services/dlq/redrive/pace";

describe("a redrive's pace", () => {
  let now = 0;
  let waits: number[] = [];
  const clock = {
    now: () => new Date(now),
    wait: async (ms: number) => {
      waits.push(ms);
      now += ms;
    },
  };
  const { signal } = new AbortController();

  beforeEach(() => {
    now = 1_000;
    waits = [];
  });

  it("lets as many go a second as the rate says", async () => {
    const pace = new Pace(10, clock);
    for (let slice = 0; slice < 3; slice += 1) await pace.before(10, signal);
    await pace.before(5, signal);
    await pace.before(5, signal);
    assert.deepEqual(waits, [1_000, 1_000, 1_000, 500]);
    assert.equal(pace.atOnce, 10);
  });

  it("does not make up for time that was spent otherwise", async () => {
    const pace = new Pace(10, clock);
    await pace.before(10, signal);
    now += 60_000;
    await pace.before(10, signal);
    await pace.before(10, signal);
    assert.deepEqual(waits, [1_000]);
  });

  it("never waits without a rate", async () => {
    const pace = new Pace(undefined, clock);
    for (let slice = 0; slice < 3; slice += 1) await pace.before(1_000, signal);
    assert.deepEqual(waits, []);
  });
});
