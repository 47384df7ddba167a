import assert from "node:assert/strict";
import {
  allCommitted,
  assertAtLeastOnce,
  assertDeadLettered,
  assertOnce,
  assertStored,
  createSpace,
  makeTraffic,
  type Space,
  sendTraffic,
  waitFor,
} from "../support";
import { type Daemon, SERVICES, startDaemon, stopDaemons } from "../support/daemon";
import { daemonEnvironment } from "../support/daemon-environment";

const TYPES = ["order.placed", "order.paid", "order.shipped"];
const PLUGINS = ["test/fixtures/effects-batch.service.ts", "test/fixtures/effects-single.service.ts"];

/** The real program in processes of its own, ended in the middle of its work. */
describe("gateway process", () => {
  let space: Space;
  const daemons: Daemon[] = [];

  beforeEach(async () => {
    space = await createSpace();
  });
  afterEach(async () => {
    await stopDaemons(daemons.splice(0));
    await space.close();
  });

  async function start(env: NodeJS.ProcessEnv = {}): Promise<Daemon> {
    const daemon = startDaemon({
      args: [...SERVICES, ...PLUGINS],
      env: { ...daemonEnvironment(space.configuration), ...env },
    });
    daemons.push(daemon);
    await daemon.logged(/^ready/, { limitMs: 40_000 });
    return daemon;
  }

  const effects = (group: string) => space.db.collection("effects").countDocuments({ group });

  it("SIGTERM under load: finishes the chunk in hand, exits with 0; a restart loses nothing and repeats no effect", async () => {
    const first = await start({ TEST_HANDLER_MS: "20" });
    const traffic = makeTraffic({ types: TYPES, events: 6_000, duplicates: 0.1, bad: 0.05 });
    await sendTraffic(space, traffic);
    await waitFor(async () => (await effects("effects-single")) > 500, { what: "the load to be under way" });
    first.kill("SIGTERM");
    assert.equal(await first.exit(), 0);
    const done = await effects("effects-single");
    assert.ok(done < traffic.good.size, `stopped in the middle, at ${done}`);

    await start();
    await allCommitted(space, ["events", "effects-batch", "effects-single"], TYPES);
    await assertStored(space, traffic);
    await assertOnce(space, "effects-batch", traffic);
    await assertOnce(space, "effects-single", traffic);
    await assertDeadLettered(space, traffic);
  });

  it("kill -9 under load: nothing is lost, what repeats says so, and work goes on within the session's time", async () => {
    const first = await start({ TEST_HANDLER_MS: "20" });
    const traffic = makeTraffic({ types: TYPES, events: 6_000, duplicates: 0.1, bad: 0.05 });
    await sendTraffic(space, traffic);
    await waitFor(async () => (await effects("effects-single")) > 500, { what: "the load to be under way" });
    first.kill("SIGKILL");
    assert.equal(await first.exit(), "SIGKILL");
    const before = await effects("effects-single");

    await start();
    await waitFor(async () => (await effects("effects-single")) > before, {
      what: "work to go on",
      limitMs: 15_000,
    });
    await allCommitted(space, ["events", "effects-batch", "effects-single"], TYPES);
    await assertStored(space, traffic);
    await assertAtLeastOnce(space, "effects-batch", traffic);
    await assertAtLeastOnce(space, "effects-single", traffic);
    await assertDeadLettered(space, traffic);
  });
});
