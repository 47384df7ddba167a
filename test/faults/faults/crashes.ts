import { setTimeout as delay } from "node:timers/promises";
import type { CrashStep } from "../../fixtures/crash-at.config";
import { seeded, waitFor } from "../../support";
import type { Fault } from "../fault";
import { BATCH, SINGLE, TRANSACTIONAL } from "../groups";
import type { Scene } from "../scene";

const CRASHING = "test/fixtures/crash-at.config.ts";
/** Seconds: the transaction that the killed process had open has to expire, should nobody be allowed to end it. */
const AFTER_A_KILL = 30;

/** Kills the only gateway so many times at random moments, and starts it again each time. */
export async function killAndRestart(scene: Scene, times: number): Promise<void> {
  const random = seeded(scene.traffic.good.size + times);
  for (let time = 0; time < times; time += 1) {
    const [gateway] = scene.gateways;
    if (!gateway) throw new Error("a gateway runs");
    // A random moment is the fault itself, not something that the test waits for.
    await delay(random() * 600);
    await scene.kill(gateway);
    if (time < times - 1) {
      await scene.start();
      await scene.send(0.5 + (0.4 * (time + 1)) / times);
    }
  }
  scene.endedAt = performance.now();
  await scene.start();
}

function crash(step: CrashStep, after: number, bounded?: true): Fault {
  return {
    name: `crash-${step}`,
    story: `the process is killed ${step.replace("-", " the ").replace("-", "'s ")}, then started again`,
    bounded,
    gateways: 0,
    doubles: "in flight",
    goOnWithin: AFTER_A_KILL,
    async inject(scene) {
      await scene.start();
      await scene.underWay();
      const crashing = scene.spawn({
        config: CRASHING,
        env: { TEST_CRASH_AT: step, TEST_CRASH_AFTER: String(after) },
      });
      const [steady] = scene.gateways;
      if (steady) await scene.stop(steady);
      await scene.send(0.8);
      await scene.gone(crashing);
      scene.endedAt = performance.now();
      await scene.start();
    },
  };
}

/** Much shorter than what follows takes, so that nothing but the outage decides what has expired. */
const SHORT_TTL_MS = 1_000;

/** Waits until MongoDB has deleted the claim of every settled event: nothing absorbs those any more. */
async function keysExpired(scene: Scene): Promise<void> {
  const keys = scene.space.db.collection("idempotency_keys");
  await waitFor(async () => (await keys.countDocuments({ status: "completed" })) === 0, {
    what: "every settled key to expire",
    limitMs: 30_000,
  });
}

export const CRASHES: Fault[] = [
  {
    name: "kill-twice",
    story: "the gateway is killed at two random moments (kill -9) and started again",
    bounded: true,
    doubles: "in flight",
    goOnWithin: AFTER_A_KILL,
    async inject(scene) {
      await scene.underWay();
      await killAndRestart(scene, 2);
    },
  },
  {
    name: "kill-ten-times",
    story: "the gateway is killed at ten random moments (kill -9) and started again",
    traffic: { events: 8_000 },
    doubles: "in flight",
    goOnWithin: AFTER_A_KILL,
    async inject(scene) {
      await scene.underWay();
      await killAndRestart(scene, 10);
    },
  },
  crash("before-deliver", 9),
  crash("after-claim", 7),
  crash("after-handler", 7),
  crash("after-settle", 7, true),
  crash("before-letter", 4),
  crash("after-letter", 4),
  crash("before-commit", 9),
  crash("before-transaction-commit", 3),
  crash("after-transaction-commit", 3),
  {
    name: "ttl-outage",
    story:
      "the process is killed between settle and commit, once in each plugin, and stays away until the keys have expired",
    // What a producer sends again is absorbed only as long as the key lives.
    traffic: { duplicates: 0 },
    env: { TEST_TTL_MS: String(SHORT_TTL_MS) },
    gateways: 0,
    doubles: "in flight",
    async inject(scene) {
      for (const [index, { group }] of [BATCH, SINGLE, TRANSACTIONAL].entries()) {
        const crashing = scene.spawn({
          config: CRASHING,
          env: { TEST_CRASH_AT: "before-commit", TEST_CRASH_OF: group, TEST_CRASH_AFTER: "4" },
        });
        await scene.gone(crashing);
        await keysExpired(scene);
        await scene.send(0.6 + 0.1 * index);
      }
      scene.endedAt = performance.now();
      await scene.start();
    },
  },
  {
    name: "sigterm-under-load",
    story: "the gateway is asked to stop (SIGTERM) in the middle of its work, then started again",
    doubles: "never",
    async inject(scene) {
      await scene.underWay();
      const [gateway] = scene.gateways;
      if (!gateway) throw new Error("a gateway runs");
      const code = await scene.stop(gateway);
      if (code !== 0) throw new Error(`the gateway ended with ${code}, not 0`);
      scene.endedAt = performance.now();
      await scene.start();
    },
  },
  {
    name: "rolling-restart",
    story: "three gateways are stopped and started again, one after the other",
    traffic: { events: 6_000 },
    gateways: 3,
    doubles: "never",
    async inject(scene) {
      await scene.underWay();
      for (const [index, gateway] of [...scene.gateways].entries()) {
        const code = await scene.stop(gateway);
        if (code !== 0) throw new Error(`gateway ${index} ended with ${code}, not 0`);
        await scene.start();
        await scene.send(0.6 + 0.1 * index);
      }
    },
  },
  {
    name: "frozen-gateway",
    story: "one of two gateways is frozen (SIGSTOP) until the other has its partitions, then wakes up",
    bounded: true,
    gateways: 2,
    doubles: "in flight",
    async inject(scene) {
      await scene.underWay();
      const [frozen] = scene.gateways;
      frozen?.kill("SIGSTOP");
      await scene.mark();
      await scene.send(0.8);
      // Only the other one is left to bring these to their end.
      await scene.allCommitted();
      await scene.send(0.9);
      frozen?.kill("SIGCONT");
    },
  },
];
