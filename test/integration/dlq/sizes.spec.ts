import assert from "node:assert/strict";
import type { ServiceBroker } from "moleculer";
import type { LetterStats } from "../../../services/dlq/stats";
import { createSpace, type Space } from "../../support";
import {
  createDlqNode,
  DAY_MS,
  type DlqNode,
  HOUR_MS,
  letterInput,
  startDlqNodes,
  TestClock,
} from "../../support/dead-letters";

describe("how many dead letters there are", () => {
  let space: Space;
  let clock: TestClock;
  let nodes: DlqNode[];
  let node: DlqNode;

  beforeEach(async () => {
    space = await createSpace({ dlq: { alertLetters: 3, alertAgeHours: 24 } });
    clock = new TestClock();
    nodes = await startDlqNodes(space.configuration, clock, 2);
    node = nodes[0] as DlqNode;
  });
  afterEach(async () => {
    await Promise.all(nodes.map(({ broker }) => broker.stop()));
    await space.close();
  });

  const failedAgo = (ms: number) => ({ first_failed_at: new Date(clock.at - ms) });
  const closeAll = async () => {
    await node.call("dlq.discard", { filter: { group: "orders" }, reason: "test", by: "ann" });
  };
  const alerts = () => nodes.flatMap(({ log }) => log).filter((line) => /dead letter.* open/i.test(line));

  it("stats: by topic and by the time since they failed", async () => {
    await node.put(
      letterInput("a", failedAgo(1_000)),
      letterInput("b", { ...failedAgo(HOUR_MS), original_topic: "other" }),
      letterInput("c", failedAgo(DAY_MS)),
      letterInput("d", failedAgo(7 * DAY_MS)),
    );
    const { by_topic, by_age, by_status, oldest_open } = await node.call<LetterStats>("dlq.stats");
    assert.deepEqual(by_topic, { "order.placed": 3, other: 1 });
    assert.deepEqual(by_age, { hour: 1, day: 1, week: 1, older: 1 });
    assert.equal(by_status.pending, 4);
    assert.equal(oldest_open, new Date(clock.at - 7 * DAY_MS).toISOString());
  });

  it("alerts: an error once per crossing, by one gateway, and a line when it is over", async () => {
    const chores = () => Promise.all(nodes.map((one) => one.chores()));
    await node.put(letterInput("a", failedAgo(0)), letterInput("b", failedAgo(0)));
    await chores();
    assert.deepEqual(alerts(), []);
    await node.put(letterInput("c", failedAgo(0)));
    await chores();
    await chores();
    assert.deepEqual(alerts().length, 1);
    assert.match(
      String(alerts()[0]),
      /^error: 3 dead letters are open, at least 3 \(WEIR_DLQ_ALERT_LETTERS\)/,
    );
    clock.pass(DAY_MS);
    await chores();
    await chores();
    assert.match(String(alerts()[1] ?? alerts()[0]), /error: /);
    assert.ok(
      alerts().some((line) => /open for 24 hours, at least 24 \(WEIR_DLQ_ALERT_AGE_HOURS\)/.test(line)),
    );
    await closeAll();
    await chores();
    await chores();
    assert.equal(alerts().filter((line) => line.startsWith("info: ")).length, 2);
    await node.put(...["d", "e", "f"].map((identity) => letterInput(identity, failedAgo(0))));
    await chores();
    assert.equal(
      alerts().filter((line) => /at least 3/.test(line)).length,
      2,
      "the next crossing is told again",
    );
  });

  it("metrics: gauges where Moleculer's metrics are on, which fall to nothing again", async () => {
    assert.equal(node.broker.isMetricsEnabled(), false);
    const measured = createDlqNode(space.configuration, clock, { metrics: { enabled: true } });
    nodes.push(measured);
    await measured.broker.start();
    await node.put(letterInput("a", failedAgo(5_000)), letterInput("b", failedAgo(HOUR_MS)));
    await measured.chores();
    const labels = {
      topic: "order.placed",
      event_type: "order.placed",
      group: "orders",
      reason: "handler_error",
    };
    assert.deepEqual(gauge(measured.broker, "weir.dlq.letters.open"), [
      { ...labels, age: "day", value: 1 },
      { ...labels, age: "hour", value: 1 },
    ]);
    assert.equal(gauge(measured.broker, "weir.dlq.letters.oldest.seconds")[0]?.value, 3_600);
    await closeAll();
    await measured.chores();
    assert.deepEqual(
      gauge(measured.broker, "weir.dlq.letters.open").map(({ value }) => value),
      [0, 0],
    );
    assert.equal(gauge(measured.broker, "weir.dlq.letters.oldest.seconds")[0]?.value, 0);
  });
});

/** The values of a gauge with their labels, in the order of the age. */
function gauge(broker: ServiceBroker, name: string): Record<string, unknown>[] {
  const metric = broker.metrics.getMetric(name) as unknown as {
    snapshot(): { value: number; labels: Record<string, string> }[];
  };
  return metric
    .snapshot()
    .map(({ value, labels }) => ({ ...labels, value }))
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}
