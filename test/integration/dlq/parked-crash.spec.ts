import assert from "node:assert/strict";
import type { CrashStep } from "../../fixtures/crash-at.config";
import { allCommitted, createSpace, type Space, waitFor } from "../../support";
import { type Daemon, SERVICES, startDaemon, stopDaemons } from "../../support/daemon";
import { daemonEnvironment } from "../../support/daemon-environment";
import { KeyedEvents } from "../../support/parked";

const TYPES = ["order.placed"];
const GROUPS = ["effects-strict", "effects-strict-tx"];
const PLUGINS = GROUPS.map((name) => `test/fixtures/${name}.service.ts`);
const IMMEDIATE = JSON.stringify([{ match: {}, retry: { kind: "immediate", limit: 20 } }]);
const KEYS = ["a", "b", "c", "d"];
const EACH = 10;
/** The fifth of two keys fails. */
const BROKEN = ["a5", "c5"];

/** The real program, ended without warning while keys are parked, and while they follow. */
describe("a gateway that is killed among parked keys", () => {
  let space: Space;
  let groups: KeyedEvents[];
  const daemons: Daemon[] = [];

  beforeEach(async () => {
    space = await createSpace();
    groups = GROUPS.map((group) => new KeyedEvents(space, group));
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
  async function crash(step: CrashStep, after: number, env: NodeJS.ProcessEnv = {}): Promise<void> {
    const more = { ...env, TEST_CRASH_AT: step, TEST_CRASH_AFTER: String(after) };
    assert.equal(await start(more, "test/fixtures/crash-at.config.ts").exit(60_000), "SIGKILL");
  }
  const letters = () => space.db.collection("dead_letters");
  const names = (key: string, to = EACH) => Array.from({ length: to }, (_, index) => `${key}${index + 1}`);
  /** Of each key, in the order in which they took effect first. */
  const handled = async (events: KeyedEvents) =>
    Promise.all(KEYS.map(async (key) => [...new Set(await events.handled(key))]));

  async function sendAll(): Promise<void> {
    await space.createTopics(TYPES);
    await space.db.createCollection("effects");
    await (groups[0] as KeyedEvents).breaks(...BROKEN);
    // In turns, so that every chunk has events of every key.
    for (let number = 1; number <= EACH; number += 1) {
      await (groups[0] as KeyedEvents).send(...KEYS.map((key) => `${key}${number}`));
    }
  }

  async function assertParked(): Promise<void> {
    await allCommitted(space, GROUPS, TYPES);
    for (const events of groups) {
      assert.deepEqual(await handled(events), [names("a", 4), names("b"), names("c", 4), names("d")]);
      const wanted = ["a", "c"].flatMap((key) =>
        names(key)
          .slice(4)
          .map((name, index) => `${name} ${index === 0 ? "handler_error" : "parked"}`),
      );
      assert.deepEqual((await events.waiting()).sort(), wanted.sort());
    }
    assert.equal(await letters().countDocuments(), GROUPS.length * BROKEN.length * 6, "each once");
  }

  for (const [step, after] of [
    ["before-letter", 1],
    ["after-letter", 1],
    ["after-letter", 3],
  ] as [CrashStep, number][]) {
    it(`${step} (${after}): each event is handled in its order, or waits as one letter`, async () => {
      await sendAll();
      await crash(step, after);
      await start({}).logged(/^ready/, { limitMs: 40_000 });
      await assertParked();
    });
  }

  it("while they follow: the rest follows in order when another gateway is there", async () => {
    await sendAll();
    const first = start({});
    await first.logged(/^ready/, { limitMs: 40_000 });
    await assertParked();
    first.kill("SIGTERM");
    await first.exit();
    await (groups[0] as KeyedEvents).mend(...BROKEN);
    // As a policy makes the fronts.
    const due = { status: "scheduled", next_retry_at: new Date() };
    await letters().updateMany({ reason: "handler_error" }, { $set: due });
    await crash("after-redeliver", 9, { WEIR_DLQ_POLICIES: IMMEDIATE });
    const open = await letters().countDocuments({ open: true });
    assert.ok(open > 0 && open < GROUPS.length * BROKEN.length * 6, `${open} were left behind`);

    // The time of its leases passes.
    const past = new Date(Date.now() - 1);
    await letters().updateMany({ claim: { $exists: true } }, { $set: { claimed_until: past } });
    const keys = space.db.collection("idempotency_keys");
    await keys.updateMany({ status: "processing" }, { $set: { lease_until: past } });
    start({ WEIR_DLQ_POLICIES: IMMEDIATE });
    await waitFor(async () => (await letters().countDocuments({ open: true })) === 0, {
      what: "every letter to be closed",
      limitMs: 60_000,
    });
    for (const events of groups)
      assert.deepEqual(
        await handled(events),
        KEYS.map((key) => names(key)),
      );
    assert.deepEqual(await (groups[1] as KeyedEvents).handled("a"), names("a"), "in transactions each once");
    assert.equal(await letters().countDocuments({ status: "retried" }), GROUPS.length * BROKEN.length * 6);
  });
});
