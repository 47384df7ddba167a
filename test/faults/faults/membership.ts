import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../support";
import { SERVICES } from "../../support/daemon";
import type { Fault } from "../fault";
import { EVENTS, SINGLE } from "../groups";
import { PLUGINS, startNodes } from "../nodes";

export const MEMBERSHIP: Fault[] = [
  {
    name: "rebalance-storm",
    story: "beside one gateway another joins and leaves six times, in order and not, under load",
    traffic: { events: 8_000 },
    doubles: "in flight",
    goOnWithin: 30,
    async inject(scene) {
      await scene.underWay();
      for (let time = 0; time < 6; time += 1) {
        const passing = await scene.start();
        await scene.send(0.5 + 0.07 * (time + 1));
        await delay(1_000);
        await scene.mark();
        if (time % 2 === 0) await scene.stop(passing);
        else await scene.kill(passing);
      }
      scene.endedAt = performance.now();
    },
  },
  {
    name: "different-plugin-sets",
    story: "two gateways host different plugins, and one of them is killed and started again",
    gateways: 0,
    doubles: "in flight",
    async inject(scene) {
      const [one, ...others] = PLUGINS;
      const first = { services: [...SERVICES, ...(one ? [one] : [])] };
      const second = { services: [...SERVICES, ...others] };
      await scene.start(first);
      const killed = await scene.start(second);
      await scene.underWay();
      await scene.kill(killed);
      scene.endedAt = performance.now();
      await scene.start(second);
    },
  },
  {
    name: "plugin-away",
    story: "the node that hosts the plugins is stopped and stays away for two minutes, then comes back",
    gateways: 0,
    env: { WEIR_PLUGIN_GRACE_MS: "5000" },
    doubles: "in flight",
    goOnWithin: 30,
    async inject(scene) {
      const {
        hosts: [host],
      } = await startNodes(scene, "TCP");
      const [running] = scene.gateways;
      await scene.mark();
      if (running) await scene.stop(running);
      await scene.mark();
      await scene.send(0.8);
      await delay(120_000);
      scene.endedAt = performance.now();
      scene.spawn(host);
    },
  },
  {
    name: "remote-node-killed",
    story: "the node that hosts the plugins is killed with calls in flight, twice, and started again",
    gateways: 0,
    doubles: "in flight",
    goOnWithin: 30,
    async inject(scene) {
      const {
        hosts: [host],
      } = await startNodes(scene, "TCP");
      let [running] = scene.gateways;
      for (let time = 0; time < 2; time += 1) {
        await scene.mark();
        if (running) await scene.kill(running);
        scene.endedAt = performance.now();
        running = scene.spawn(host);
        await scene.send(0.7 + 0.1 * time);
        await scene.getsOn(SINGLE.group);
      }
    },
  },
  {
    name: "remote-node-frozen",
    story: "the node that hosts the plugins is frozen for 20 s with calls in flight, then wakes up",
    gateways: 0,
    doubles: "in flight",
    goOnWithin: 45,
    async inject(scene) {
      await startNodes(scene, "TCP");
      const [host] = scene.gateways;
      host?.kill("SIGSTOP");
      await scene.mark();
      await delay(20_000);
      host?.kill("SIGCONT");
      scene.endedAt = performance.now();
    },
  },
  {
    name: "store-stays",
    story: "while a plugin's node is away the gateway's own group stays at the end",
    gateways: 0,
    doubles: "in flight",
    goOnWithin: 30,
    async inject(scene) {
      const {
        hosts: [host],
      } = await startNodes(scene, "TCP");
      const [running] = scene.gateways;
      if (running) await scene.kill(running);
      await scene.send(0.9);
      await waitFor(
        async () =>
          (await scene.space.groupState(EVENTS.group, scene.types)).every(
            ({ committed, end }) => committed === end,
          ),
        { what: "the events group to commit the end while the plugins are away", limitMs: 20_000 },
      );
      scene.endedAt = performance.now();
      scene.spawn(host);
    },
  },
];
