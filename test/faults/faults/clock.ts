import { waitFor } from "../../support";
import type { Fault } from "../fault";
import type { Scene } from "../scene";

const STEPPING = "test/fixtures/clock-step.config.ts";

/** Sends more after a step, and waits until every group has handled something of it. */
async function step(scene: Scene, upTo: number): Promise<void> {
  for (const gateway of scene.gateways) gateway.kill("SIGUSR2");
  const before = await scene.counts();
  await scene.send(upTo);
  await waitFor(
    async () => [...(await scene.counts())].every(([group, count]) => count > (before.get(group) ?? 0)),
    { what: "every group to handle events after the clock's step", limitMs: 60_000 },
  );
}

/** Only an ended consumer or a stuck partition says so; a wrong clock must cause neither. */
async function nothingEnded(scene: Scene): Promise<void> {
  const ended = scene
    .log()
    .filter((line) => /new one takes its place|^error: Stuck|no sign of life/.test(line));
  if (ended.length > 0)
    throw new Error(`the clock's steps had consequences: ${ended.slice(0, 3).join("; ")}`);
}

export const CLOCK: Fault[] = [
  {
    name: "clock-step",
    story: "the machine's clock goes forward by an hour, then back by two, then right again, under load",
    doubles: "never",
    gateways: 0,
    async inject(scene) {
      await scene.start({ config: STEPPING });
      await scene.underWay();
      for (const upTo of [0.6, 0.7, 0.8]) await step(scene, upTo);
    },
    check: nothingEnded,
  },
];
