import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../support";
import type { Fault } from "../fault";
import { BROKEN, BROKEN_TRANSACTIONAL, EVENTS } from "../groups";
import { Mended, oneCrashed, oneCrashes } from "../handed-again";
import { judgeJob, judgeRetried } from "../retried";
import type { GatewayOptions, Scene } from "../scene";

const GATEWAYS = 3;
/** The share of the traffic that is sent before what fails is mended. */
const BEFORE = 0.5;
/** Letters that are retried between one kill and the next. */
const GET_ON = 60;
const MONGO_AWAY_MS = 8_000;
/** So long that what failed is mended before the first of it is retried, mostly. */
const RETRY_EVERY_MS = 8_000;
/** Events that one gateway retries at once, of a group. */
const AT_ONCE = 4;
const IDLE_MS = 3_000;
const POLICIES = [
  {
    match: { reason: "handler_error" },
    retry: { kind: "fixed_interval", interval_ms: RETRY_EVERY_MS, limit: 1_000 },
  },
];

/** What a fault needs to know of its scene again, when the ledger is held against it. */
const letters = new WeakMap<Scene, Mended>();

function mendedIn(scene: Scene): Mended {
  const mended = letters.get(scene);
  if (!mended) throw new Error("what failed was mended");
  return mended;
}

/** A plain and a transactional plugin that have failed some of the first half of the traffic. */
const COMMON = {
  groups: [EVENTS, BROKEN, BROKEN_TRANSACTIONAL],
  traffic: { events: 3_000 },
  chunkMessages: 30,
  gateways: 0,
  doubles: "in flight",
  goOnWithin: 30,
  expect: (scene, { group }) => mendedIn(scene).expected(group),
} satisfies Partial<Fault>;

async function start(scene: Scene, options: GatewayOptions = {}): Promise<void> {
  await Promise.all(Array.from({ length: GATEWAYS }, () => scene.start(options)));
}

async function mend(scene: Scene): Promise<Mended> {
  const mended = await Mended.in(scene, BEFORE);
  letters.set(scene, mended);
  return mended;
}

async function check(scene: Scene): Promise<void> {
  const mended = mendedIn(scene);
  const ends = await mended.ends();
  const job = mended.job?._id.toHexString();
  const problems = judgeRetried(ends, {
    letters: mended.ids,
    ...(job && { job }),
    mayBeDuplicate: await mended.handledBefore(),
  });
  if (job) problems.push(...judgeJob(await mended.row(), await mended.items(), ends));
  if (problems.length > 0) throw new Error(problems.join("; "));
}

/** Letters that have been closed as retried. */
function closed({ space }: Scene): Promise<number> {
  return space.db.collection("dead_letters").countDocuments({ status: "retried" });
}

/** Events of the plain group that are in hand because their letters are retried, also of gateways that are dead. */
function retriedNow({ space }: Scene): Promise<number> {
  const inHand = { group: BROKEN.group, status: "processing", "by.partition": -1 };
  return space.db.collection("idempotency_keys").countDocuments(inHand);
}

/** Waits until nobody takes up any more what is left, and lets the leases of the gateways that died run out. */
async function leasesEnd(scene: Scene): Promise<void> {
  const { db } = scene.space;
  const open = { open: true, reason: "handler_error" };
  const held = { ...open, claim: { $exists: true } };
  await waitFor(
    async () => {
      const before = await closed(scene);
      await delay(IDLE_MS);
      const idle = before === (await closed(scene));
      const left = await db.collection("dead_letters").countDocuments(open);
      return idle && left === (await db.collection("dead_letters").countDocuments(held));
    },
    { what: "only what the dead had in hand to be left", limitMs: 60_000 },
  );
  await scene.inHand.mark();
  const past = new Date(Date.now() - 1);
  await db.collection("dead_letters").updateMany(held, { $set: { claimed_until: past } });
  const unsettled = { status: "processing", "by.partition": -1 };
  await db.collection("idempotency_keys").updateMany(unsettled, { $set: { lease_until: past } });
}

export const REDRIVES: Fault[] = [
  {
    ...COMMON,
    name: "redrive-gateways-killed",
    story:
      "while three gateways redrive failed events, one is killed between the letters' delivery and their outcome, another at a random moment",
    env: { TEST_AGAIN_MS: "30" },
    async inject(scene) {
      await start(scene, oneCrashes(scene, "after-redrive", 3));
      const mended = await mend(scene);
      await mended.redrive();
      await scene.send(0.6);
      await oneCrashed(scene);
      await scene.inHand.mark();
      const { done } = await mended.row();
      await scene.send(0.7);
      const second = await mended.atWork(done + GET_ON);
      await scene.kill(second);
      await scene.inHand.mark();
      if ((await mended.row()).status !== "running") throw new Error("the redrive was over before the kill");
      scene.endedAt = performance.now();
    },
    handedOver: (scene) => mendedIn(scene).completed(),
    check,
  },
  {
    ...COMMON,
    name: "redrive-mongod-killed",
    story: `MongoDB is killed while failed events are redriven and back after ${MONGO_AWAY_MS / 1_000} s`,
    env: { TEST_AGAIN_MS: "30" },
    async inject(scene) {
      await start(scene);
      const mended = await mend(scene);
      await mended.redrive();
      await scene.send(0.7);
      await mended.atWork(GET_ON);
      await scene.mark();
      await scene.inHand.mark(2);
      await scene.stage.mongo.kill();
      await scene.mark();
      await delay(MONGO_AWAY_MS);
      await scene.stage.mongo.start();
      scene.endedAt = performance.now();
      if ((await mended.row()).status !== "running") throw new Error("the redrive was over before the kill");
      await scene.inHand.mark(2);
    },
    handedOver: (scene) => mendedIn(scene).completed(),
    check,
  },
  {
    ...COMMON,
    name: "scheduler-gateways-killed",
    story:
      "while three gateways retry failed events by their policy, one is killed between a letter's delivery and its outcome, another at a random moment; the leases of what they had in hand run out",
    env: { TEST_AGAIN_MS: "300", WEIR_DLQ_POLICIES: JSON.stringify(POLICIES) },
    async inject(scene) {
      await start(scene, oneCrashes(scene, "after-redeliver", 20));
      // On a slow machine the first retries come before what failed is mended.
      await Promise.all([mend(scene).then(() => scene.send(0.6)), oneCrashed(scene)]);
      await scene.send(0.7);
      const before = await closed(scene);
      await waitFor(
        async () => (await closed(scene)) > before + AT_ONCE && (await retriedNow(scene)) > AT_ONCE,
        {
          what: "the others to be at work",
          limitMs: 60_000,
          everyMs: 20,
        },
      );
      const [second] = scene.gateways;
      if (second) await scene.kill(second);
      scene.endedAt = performance.now();
    },
    async handedOver(scene) {
      await leasesEnd(scene);
      await waitFor(async () => (await closed(scene)) === mendedIn(scene).count, {
        what: "every letter to be retried",
        limitMs: 60_000,
      });
    },
    check,
  },
];
