import assert from "node:assert/strict";
import type { CrashStep } from "../../fixtures/crash-at.config";
import {
  allCommitted,
  assertAtLeastOnce,
  assertOnce,
  createSpace,
  makeTraffic,
  type Space,
  sendTraffic,
  waitFor,
} from "../../support";
import { type Daemon, SERVICES, startDaemon, stopDaemons } from "../../support/daemon";
import { daemonEnvironment } from "../../support/daemon-environment";

const TYPES = ["order.placed", "order.paid"];
const GROUPS = ["effects-again", "effects-again-tx"];
const PLUGINS = GROUPS.map((name) => `test/fixtures/${name}.service.ts`);
const IMMEDIATE = JSON.stringify([{ match: {}, retry: { kind: "immediate", limit: 20 } }]);

/** The real program, ended without warning while it retries letters by itself. */
describe("a gateway that is killed in the middle of retrying dead letters", () => {
  let space: Space;
  const daemons: Daemon[] = [];

  beforeEach(async () => {
    space = await createSpace();
  });
  afterEach(async () => {
    await stopDaemons(daemons.splice(0));
    await space.close();
  });

  function start(env: NodeJS.ProcessEnv, config?: string): Daemon {
    const daemon = startDaemon({
      args: [...SERVICES, ...PLUGINS],
      env: { ...daemonEnvironment(space.configuration), ...env },
      config,
    });
    daemons.push(daemon);
    return daemon;
  }
  const letters = () => space.db.collection("dead_letters");

  for (const [step, after] of [
    ["before-redeliver", 6],
    ["after-redeliver", 6],
    ["after-transaction-commit", 3],
  ] as [CrashStep, number][]) {
    it(`${step}: no letter is lost, and what is in a transaction takes effect once`, async () => {
      const traffic = makeTraffic({ types: TYPES, events: 20, seed: 6 });
      const first = start({});
      await first.logged(/^ready/, { limitMs: 40_000 });
      await sendTraffic(space, traffic);
      await allCommitted(space, GROUPS, TYPES);
      const all = traffic.good.size * GROUPS.length;
      assert.equal(await letters().countDocuments({ status: "pending" }), all, "no policy: they wait");
      first.kill("SIGTERM");
      await first.exit();
      // As a policy makes them.
      await letters().updateMany({}, { $set: { status: "scheduled", next_retry_at: new Date() } });

      const env = { WEIR_DLQ_POLICIES: IMMEDIATE, TEST_CRASH_AT: step, TEST_CRASH_AFTER: String(after) };
      const crashing = start(env, "test/fixtures/crash-at.config.ts");
      assert.equal(await crashing.exit(60_000), "SIGKILL");
      const inHand = await letters().countDocuments({ claim: { $exists: true } });
      assert.ok(inHand > 0, "killed with letters in hand");
      assert.ok((await letters().countDocuments({ status: "retried" })) < all);

      // The time of its leases passes.
      const past = new Date(Date.now() - 1);
      await letters().updateMany({ claim: { $exists: true } }, { $set: { claimed_until: past } });
      const keys = space.db.collection("idempotency_keys");
      await keys.updateMany({ status: "processing" }, { $set: { lease_until: past } });
      start({ WEIR_DLQ_POLICIES: IMMEDIATE });
      await waitFor(async () => (await letters().countDocuments({ status: "retried" })) === all, {
        what: "every letter to be retried",
        limitMs: 60_000,
      });
      assert.equal(await letters().countDocuments(), all);
      const known = await letters().countDocuments({ "history.result": "duplicate" });
      // Killed before anything was handed over, or after the plugin had settled it.
      if (step !== "before-redeliver") assert.ok(known > 0, "what was done is known, and not done again");
      await assertOnce(space, "effects-again-tx", traffic);
      // At most those that were under way at once, and they say so.
      const doubled = await assertAtLeastOnce(space, "effects-again", traffic);
      assert.ok(doubled <= 4, `${doubled} doubles`);
      assert.equal(await letters().countDocuments({ claim: { $exists: true } }), 0);
    });
  }
});
