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

/** When one is killed: as soon as the fastest, or the slowest, group is that far. Groups differ much in their speed. */
const MOMENTS = [
  { victim: "the gateway", pace: "fastest", share: 0.2 },
  { victim: "MongoDB", pace: "fastest", share: 0.5 },
  { victim: "the gateway", pace: "fastest", share: 0.8 },
  { victim: "MongoDB", pace: "slowest", share: 0.6 },
  { victim: "the gateway", pace: "slowest", share: 0.85 },
] as const;

/** Kills and starts again, at spread moments of the drain → seconds until every group had got on, one for each time. */
export async function killWhileDraining(
  scene: Scene,
  drain: Drain,
  note: (line: string) => void,
): Promise<number[]> {
  const seconds: number[] = [];
  for (const { victim, pace, share } of MOMENTS) {
    const of = (shares: number[]) => shares.at(pace === "fastest" ? -1 : 0) ?? 0;
    await drain.until(
      `the ${pace} group to be at ${share}`,
      (shares) => of(shares) >= share,
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
