import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "../fault";
import { BATCH, EVENTS, SINGLE, TRANSACTIONAL } from "../groups";
import { Replays } from "../replays";
import type { Scene } from "../scene";

/** The share of the traffic that is replayed, while the rest of it comes live. */
const BEFORE = 0.5;
const MONGO_AWAY_MS = 8_000;

/** What a fault needs to know of its scene again, when the ledger is held against it. */
const replays = new WeakMap<Scene, Replays>();

function replaysIn(scene: Scene): Replays {
  const found = replays.get(scene);
  if (!found) throw new Error("replays were begun");
  return found;
}

async function begin(scene: Scene): Promise<Replays> {
  const begun = await Replays.begin(scene, [BATCH, SINGLE, TRANSACTIONAL], BEFORE);
  replays.set(scene, begun);
  await scene.send(0.6);
  return begun;
}

const COMMON = {
  groups: [EVENTS, BATCH, SINGLE, TRANSACTIONAL],
  traffic: { events: 2_000 },
  chunkMessages: 50,
  // Slower than the transactions: a kill finds chunks that have committed, and that the cursor has not passed.
  handlerMs: 100,
  gateways: 2,
  doubles: "in flight",
  goOnWithin: 30,
  expect: (scene, group) => replaysIn(scene).expected(group),
  handedOver: (scene) => replaysIn(scene).completed(),
  check: (scene) => replaysIn(scene).check(),
} satisfies Partial<Fault>;

export const REPLAYS: Fault[] = [
  {
    ...COMMON,
    name: "replay-gateway-killed",
    story:
      "whoever is at a replay of everything as if it were new, and at one of what was not handled before, is killed; then whoever took over",
    async inject(scene) {
      const begun = await begin(scene);
      for (const [time, share] of [0.15, 0.35].entries()) {
        for (const holder of await begun.atWork(share)) {
          await scene.kill(holder);
          scene.spawn();
        }
        await scene.inHand.mark();
        scene.endedAt = performance.now();
        await scene.send(0.7 + 0.1 * time);
      }
      begun.struck = true;
    },
  },
  {
    ...COMMON,
    name: "replay-mongod-killed",
    story: `MongoDB is killed during a replay of everything as if it were new, and one of what was not handled before, and back after ${MONGO_AWAY_MS / 1_000} s`,
    async inject(scene) {
      const begun = await begin(scene);
      await begun.atWork(0.2);
      await scene.mark();
      await scene.inHand.mark(1);
      await scene.stage.mongo.kill();
      await scene.mark();
      await delay(MONGO_AWAY_MS);
      await scene.stage.mongo.start();
      scene.endedAt = performance.now();
      await scene.inHand.mark(1);
    },
  },
];
