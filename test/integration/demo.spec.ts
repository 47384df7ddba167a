import assert from "node:assert/strict";
import type { ServiceBroker } from "moleculer";
import { lineProgress } from "../../services/embedded/progress";
import { createGateway } from "../../services/runtime/gateway";
import { findServers } from "../../services/samples/demo/find-servers";
import { DemoProblem } from "../../services/samples/demo/problem";
import { runDemo } from "../../services/samples/demo/run-demo";
import { createSpace, type Space, temporaryFolder } from "../support";

describe("demo", () => {
  let space: Space;
  let gateway: ServiceBroker;

  before(async () => {
    space = await createSpace();
    gateway = createGateway(space.configuration, { samples: true });
    await gateway.start();
  });
  after(async () => {
    await gateway.stop();
    await space.close();
  });

  function demo(limitMs: number) {
    const view = lineProgress(() => undefined);
    return runDemo({ configuration: space.configuration, view, limitMs, startLimitMs: 30_000 });
  }

  it("accounts for every message in every group, also when it runs again", async () => {
    for (const _ of [1, 2]) {
      const { ledgers, text, addsUp } = await demo(30_000);
      assert.ok(addsUp, text);
      assert.deepEqual(
        ledgers.map(({ group, produced, delivered, duplicates, failed, refused }) => {
          return [group, produced, delivered, duplicates, failed, refused];
        }),
        [
          ["events", 334, 284, 30, 2, 18],
          ["order-projection", 191, 164, 17, 0, 10],
          ["notifier", 112, 89, 11, 5, 7],
          ["revenue", 60, 48, 7, 2, 3],
        ],
      );
      assert.match(text, /27 dead letters of this run/);
      assert.match(text, / {2}9 {2}unparseable \(refused\)\n {4}6 {2}invalid \(refused\)/);
    }
  });

  it("says which group's messages wait when the time is over", async () => {
    await gateway.call("bridge.pause", { group: "notifier" });
    const { text, addsUp } = await demo(2_000);
    await gateway.call("bridge.resume", { group: "notifier" });
    assert.equal(addsUp, false);
    assert.match(text, /notifier: 112 messages wait: its committed offsets have not passed them/);
    assert.match(text, /│ events +│ +334 .* yes/);
  });

  it("says so when no gateway is at work on the servers", async () => {
    const configuration = space.configurationWith({ groupPrefix: `${space.name}.nobody.` });
    const view = lineProgress(() => undefined);
    await assert.rejects(
      runDemo({ configuration, view, limitMs: 1_000, startLimitMs: 2_000 }),
      (error) =>
        error instanceof DemoProblem && /no gateway is at work on them.*npm start/.test(error.message),
    );
  });

  it("says so when there are no servers, and starts none", async () => {
    const { folder, remove } = await temporaryFolder();
    const lines: string[] = [];
    const options = {
      env: { WEIR_DATA_DIR: folder },
      limitMs: 600,
      onWait: (line: string) => lines.push(line),
    };
    try {
      await assert.rejects(findServers(options), /No gateway is running here.*npm start/);
      assert.equal(lines.length, 1, "it says at once what it waits for");
    } finally {
      await remove();
    }
  });
});
