import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "../fault";
import { SINGLE } from "../groups";
import { startNodes } from "../nodes";

/** So long that every node has given the others up. */
const AWAY_MS = 15_000;
const FROZEN_MS = 20_000;

export const NATS: Fault[] = [
  {
    name: "nats-node-killed",
    story:
      "two nodes host the plugins over NATS, and one, then the other is killed with calls in flight and started again",
    gateways: 0,
    doubles: "in flight",
    goOnWithin: 30,
    async inject(scene) {
      const { hosts } = await startNodes(scene, "NATS", ["second"]);
      for (const [time, host] of hosts.entries()) {
        const [running] = scene.gateways;
        await scene.mark();
        if (running) await scene.kill(running);
        scene.endedAt = performance.now();
        const back = scene.spawn(host);
        await scene.send(0.6 + 0.2 * time);
        // The other one goes on alone.
        await scene.getsOn(SINGLE.group);
        // It has to be there again before the other is killed.
        if (time === 0) await back.logged(/started successfully/, { limitMs: 60_000 });
      }
    },
  },
  {
    name: "nats-node-frozen",
    story:
      "two nodes host the plugins over NATS, and one is frozen for 20 s with calls in flight, then wakes up",
    gateways: 0,
    doubles: "in flight",
    goOnWithin: 30,
    async inject(scene) {
      await startNodes(scene, "NATS", ["second"]);
      const [frozen] = scene.gateways;
      frozen?.kill("SIGSTOP");
      await scene.mark();
      await scene.send(0.7);
      const end = delay(FROZEN_MS);
      await scene.getsOn(SINGLE.group);
      await end;
      await scene.mark();
      frozen?.kill("SIGCONT");
      scene.endedAt = performance.now();
    },
  },
  {
    name: "nats-killed",
    story:
      "the NATS server between the gateway and two nodes with plugins is killed under load and back after 15 s",
    gateways: 0,
    doubles: "in flight",
    goOnWithin: 30,
    async inject(scene) {
      const { nats } = await startNodes(scene, "NATS", ["second"]);
      await scene.mark();
      await nats?.kill();
      await scene.mark();
      await scene.send(0.7);
      await delay(AWAY_MS);
      await scene.mark();
      await nats?.start();
      scene.endedAt = performance.now();
    },
  },
];
