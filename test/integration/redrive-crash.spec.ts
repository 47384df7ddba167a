import assert from "node:assert/strict";
import type { Collection } from "mongodb";
import type { Letter } from "../../services/dlq/letter";
import { putLetters } from "../../services/dlq/put";
import type { RedriveChunk, RedriveJob } from "../../services/dlq/redrive/job";
import { createJob } from "../../services/dlq/redrive/start";
import { rowOf } from "../../services/dlq/redrive/status";
import type { CrashStep } from "../fixtures/crash-at.config";
import {
  assertAtLeastOnce,
  assertOnce,
  createSpace,
  makeTraffic,
  type Space,
  type Traffic,
  waitFor,
} from "../support";
import { type Daemon, SERVICES, startDaemon, stopDaemons } from "../support/daemon";
import { daemonEnvironment } from "../support/daemon-environment";
import { BY_HAND, letterInput } from "../support/dead-letters";

const GROUPS = ["effects-tx", "effects-single"];
const PLUGINS = GROUPS.map((name) => `test/fixtures/${name}.service.ts`);
const TYPES = ["order.placed", "order.paid"];

/** Real gateway processes, killed while they hand letters over again. */
describe("a redrive whose gateway is killed", () => {
  let space: Space;
  let traffic: Traffic;
  const daemons = new Map<string, Daemon>();
  let started = 0;

  beforeEach(async () => {
    space = await createSpace();
  });
  afterEach(async () => {
    await stopDaemons([...daemons.values()]);
    daemons.clear();
    await space.close();
  });

  const letters = () => space.db.collection<Letter>("dead_letters");
  const stores = () => ({
    jobs: space.db.collection<RedriveJob>("redrives") as unknown as Collection<RedriveJob>,
    chunks: space.db.collection<RedriveChunk>("redrive_chunks") as unknown as Collection<RedriveChunk>,
  });

  async function start(env: NodeJS.ProcessEnv = {}, config?: string): Promise<string> {
    started += 1;
    const nodeID = `${space.name}-${started}`;
    const daemon = startDaemon({
      args: [...SERVICES, ...PLUGINS],
      config,
      env: {
        ...daemonEnvironment(space.configuration),
        WEIR_NODE_ID: nodeID,
        WEIR_CHUNK_MESSAGES: "50",
        TEST_HANDLER_MS: "20",
        TEST_TX_HANDLER_MS: "2",
        ...env,
      },
    });
    daemons.set(nodeID, daemon);
    await daemon.logged(/^ready/, { limitMs: 60_000 });
    return nodeID;
  }

  async function gone(nodeID: string): Promise<void> {
    assert.equal(await daemons.get(nodeID)?.exit(60_000), "SIGKILL");
    daemons.delete(nodeID);
  }

  /** Every event is a dead letter of each group. */
  async function fail(events: number): Promise<void> {
    traffic = makeTraffic({ types: TYPES, events });
    const inputs = [...traffic.good.values()].flatMap((event, index) =>
      GROUPS.map((group) =>
        letterInput(`failed|${group}|${event.event_type}|${event.event_id}`, {
          group,
          event_id: event.event_id,
          event_type: event.event_type,
          original_topic: space.topic(event.event_type),
          partition: 0,
          offset: String(index),
          key: event.aggregate_id ?? null,
          raw: Buffer.from(JSON.stringify(event)),
        }),
      ),
    );
    for (let from = 0; from < inputs.length; from += 1_000) {
      await putLetters(letters() as never, inputs.slice(from, from + 1_000), BY_HAND);
    }
  }

  const begin = () => createJob(stores(), { filter: { to: new Date(Date.now() + 60_000) } }, new Date());

  async function row(job: RedriveJob) {
    const now = await stores().jobs.findOne({ _id: job._id });
    return rowOf(stores(), now as RedriveJob);
  }

  /** Waits until a gateway is at it, and the job has got on to `done` → the gateway. */
  function at(job: RedriveJob, done: number): Promise<string> {
    return waitFor(
      async () => {
        const now = await row(job);
        return now.done >= done && now.owner && daemons.has(now.owner) ? now.owner : null;
      },
      { what: `a living gateway to have ${done} letters done`, limitMs: 60_000 },
    );
  }

  async function assertLedger(job: RedriveJob): Promise<void> {
    const done = await waitFor(
      async () => {
        const now = await row(job);
        return now.status === "completed" ? now : null;
      },
      { what: "the redrive to be completed", limitMs: 120_000 },
    );
    const total = traffic.good.size * GROUPS.length;
    // A letter whose event had taken effect before its gateway died is a duplicate.
    const { delivered, duplicate, ...others } = done.counts;
    assert.deepEqual(
      { total: done.total, done: delivered + duplicate, ...others },
      { total, done: total, failed: 0, closed: 0, gone: 0 },
    );
    assert.equal(await letters().countDocuments({ status: "retried", open: false }), total);
    assert.equal(await letters().countDocuments({ claim: { $exists: true } }), 0);
    await assertOnce(space, "effects-tx", traffic);
    await assertAtLeastOnce(space, "effects-single", traffic);
  }

  it("three gateways, two of them killed while they are at it: no letter is skipped, each effect happens once", async () => {
    await fail(1_500);
    await Promise.all([start(), start(), start()]);
    const job = await begin();
    const first = await at(job, 100);
    daemons.get(first)?.kill("SIGKILL");
    await gone(first);
    const { done } = await row(job);
    const second = await at(job, done + 100);
    assert.notEqual(second, first);
    daemons.get(second)?.kill("SIGKILL");
    await gone(second);
    await assertLedger(job);
    assert.ok(((await stores().jobs.findOne({ _id: job._id }))?.epoch ?? 0) >= 3);
  });

  const STEPS: CrashStep[] = ["before-redrive", "after-claim", "after-transaction-commit", "after-redrive"];
  for (const step of STEPS) {
    it(`killed ${step.replace("-", " the ").replaceAll("-", " ")}: another goes on`, async () => {
      await fail(200);
      const crashing = await start(
        { TEST_CRASH_AT: step, TEST_CRASH_AFTER: "3" },
        "test/fixtures/crash-at.config.ts",
      );
      const job = await begin();
      await gone(crashing);
      assert.notEqual((await row(job)).status, "completed");
      await start();
      await assertLedger(job);
    });
  }
});
