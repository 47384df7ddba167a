import { setTimeout as delay } from "node:timers/promises";
import type { Drain } from "../drain";
import type { Setting } from "../fault";
import type { Scene } from "../scene";

/** How long MongoDB stays away. A fault's length is part of the fault. */
const MONGO_AWAY_MS = 10_000;
const MOMENT_LIMIT_MS = 3_600_000;
const GO_ON_LIMIT_MS = 90_000;

/** Not among the usual faults, for its length: it is run when it is asked for by its whole name. */
export const BACKLOG: Setting = {
  name: "backlog",
  story: "while a backlog is drained, MongoDB is killed twice and the gateway three times",
  // All of it is sent before a gateway starts, message by message.
  traffic: { events: 0 },
  gateways: 0,
  chunkMessages: 1_000,
  handlerMs: 0,
  env: { TEST_TX_BATCH: "yes" },
  doubles: "in flight",
  // After each of them: a server was away, or a transaction of a killed process has to expire.
  goOnWithin: 30,
};

/** When one is killed: as soon as the fastest group is that far, so that every group still has much to do each time. */
const MOMENTS = [
  { victim: "the gateway", share: 0.15 },
  { victim: "MongoDB", share: 0.3 },
  { victim: "the gateway", share: 0.45 },
  { victim: "MongoDB", share: 0.6 },
  { victim: "the gateway", share: 0.75 },
] as const;

/** Kills and starts again, at spread moments of the drain → seconds until every group had got on, one for each time. */
export async function killWhileDraining(
  scene: Scene,
  drain: Drain,
  note: (line: string) => void,
): Promise<number[]> {
  const seconds: number[] = [];
  for (const { victim, share } of MOMENTS) {
    await drain.until(
      `the fastest group to be at ${share}`,
      (shares) => (shares.at(-1) ?? 0) >= share,
      MOMENT_LIMIT_MS,
    );
    const stood = drain.toString();
    const ended = await (victim === "MongoDB" ? killMongo : killGateway)(scene, drain);
    await drain.everyGroupGetsOn(GO_ON_LIMIT_MS);
    const took = (performance.now() - ended) / 1_000;
    seconds.push(took);
    note(
      `${victim} was killed at ${stood}; every group had got on ${took.toFixed(1)} s after the fault's end`,
    );
  }
  return seconds;
}

/** → when MongoDB was back, in ms of `performance.now()`. */
async function killMongo(scene: Scene, drain: Drain): Promise<number> {
  const { mongo } = scene.stage;
  await mongo.kill();
  await scene.mark();
  await delay(MONGO_AWAY_MS);
  await scene.mark();
  await drain.look();
  await mongo.start();
  return performance.now();
}

/** → when the next gateway was about to be started, in ms of `performance.now()`. */
async function killGateway(scene: Scene, drain: Drain): Promise<number> {
  const [gateway] = scene.gateways;
  if (!gateway) throw new Error("a gateway runs");
  await scene.kill(gateway);
  await drain.look();
  const ended = performance.now();
  await scene.start();
  return ended;
}
