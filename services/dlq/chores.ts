import type { Logger } from "moleculer";
import { configurationOf } from "../../schemas/configuration/broker-configuration";
import { isAvailable } from "../runtime/is-available";
import { LaneResumer } from "./lanes/lane-resumer";
import { publishNews } from "./news/publish-news";
import { tellExpiring } from "./news/tell-expiring";
import { policiesOf } from "./policies/policy-actions";
import { takeRate } from "./scheduler/rate";
import { Scheduler } from "./scheduler/scheduler";
import { type DlqService, letterPorts, planBy, redeliverBy, stateOf } from "./service-ports";
import { alertOf } from "./sizes/alerts";
import { countLetters } from "./sizes/counts";
import { SizeMetrics } from "./sizes/metrics";
import { type Chore, Upkeep } from "./upkeep";

const RETRY_EVERY_MS = 1_000;
const RESUME_EVERY_MS = 5_000;
const PUBLISH_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 60_000;

/** Begins what a gateway does about letters by itself → what ends it, in order, within the drain. */
export function beginChores(service: DlqService, logger: Logger): { drain(): Promise<void> } {
  const { broker, time } = service;
  const ports = letterPorts(service);
  const scheduler = schedulerOf(service);
  const lanes = laneResumerOf(service);
  const upkeep = new Upkeep((ms, work) => time.every(ms, work), logger);
  const chores: Chore[] = [
    {
      name: "retrying what is due",
      everyMs: RETRY_EVERY_MS,
      // One group's slow plugin holds up no other group.
      overlaps: true,
      work: withBridge(service, () => scheduler.round()),
    },
    {
      name: "handing over what was parked",
      everyMs: RESUME_EVERY_MS,
      overlaps: true,
      work: withBridge(service, () => lanes.round()),
    },
    { name: "telling of what expires", everyMs: LOOK_EVERY_MS, work: () => tellExpiring(ports) },
  ];
  const { dlq } = configurationOf(broker);
  if (dlq.eventsTopic || dlq.mirrorTopic) {
    chores.push({
      name: "publishing to Kafka",
      everyMs: PUBLISH_EVERY_MS,
      work: withBridge(service, publishing(service, logger)),
    });
  }
  const metrics = broker.isMetricsEnabled() ? new SizeMetrics(broker) : null;
  if (metrics || dlq.alertLetters > 0 || dlq.alertAgeHours > 0) {
    const work = async () => {
      const now = time.now();
      const counts = await countLetters(service.collection, now);
      metrics?.tell(counts, now);
      await alertOf({ state: stateOf(service), thresholds: dlq, logger }, counts, now);
    };
    chores.push({ name: "counting", everyMs: LOOK_EVERY_MS, work });
  }
  upkeep.begin(chores);
  return {
    async drain() {
      await Promise.all([scheduler.drain(), lanes.drain(), upkeep.stop()]);
    },
  };
}

/** Work that has nobody to turn to while the bridge is not there: at a start, or while it is loaded anew. */
function withBridge({ broker }: DlqService, work: () => Promise<void>): () => Promise<void> {
  return async () => {
    if (isAvailable(broker, "bridge.redeliver")) await work();
  };
}

function schedulerOf(service: DlqService): Scheduler {
  const { broker } = service;
  return new Scheduler({
    ...letterPorts(service),
    state: stateOf(service),
    rate: configurationOf(broker).dlq.retryRate,
    policies: () => policiesOf(service),
    planBy: (policies) => planBy(service, policies),
    receiving: () => broker.call<string[]>("bridge.receiving"),
    redeliver: redeliverBy(broker.call.bind(broker)),
  });
}

function laneResumerOf(service: DlqService): LaneResumer {
  const { broker, time } = service;
  const { retryRate: rate } = configurationOf(broker).dlq;
  return new LaneResumer({
    ...letterPorts(service),
    planNow: async () => planBy(service, await policiesOf(service)),
    receiving: () => broker.call<string[]>("bridge.receiving"),
    redeliver: redeliverBy(broker.call.bind(broker)),
    mayHandOver: async (group) =>
      (await takeRate(stateOf(service), group, { wanted: 1, rate, now: time.now() })) === 1,
  });
}

function publishing(service: DlqService, logger: Logger): () => Promise<void> {
  const { broker, collection, time } = service;
  const ports = {
    collection,
    state: stateOf(service),
    topics: configurationOf(broker).dlq,
    now: () => time.now(),
    send: async (messages: object[]) => void (await broker.call("bridge.sendLetters", { messages })),
    leftOut({ topic, headers }: { topic: string; headers: Record<string, string> }, problem: string) {
      logger.warn(`Dead letter ${headers["weir-letter"]} is not copied to ${topic}: ${problem}`);
    },
  };
  return () => publishNews(ports, broker.instanceID);
}
