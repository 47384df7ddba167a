import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { MongoClient } from "mongodb";
import { eventHandler } from "../../mixins/event-handler.mixin";
import { loadConfiguration } from "../../schemas/configuration/load-configuration";
import { acquireServers } from "../../services/embedded/embedded-servers";
import type { ReplayView } from "../../services/events/replay/session";
import { createGateway } from "../../services/runtime/gateway";
import { type Backlog, drained, EVENT_TYPE, fillBacklog, kafkaFor } from "./backlog";

const noOp = {
  name: "no-op",
  mixins: [eventHandler({ handlers: { [EVENT_TYPE]: { batch: true, handler: () => undefined } } })],
} as ServiceSchema;
const MAX_EVENTS = 1_000_000;
const LIMIT_MS = 600_000;
const MIB = 1024 * 1024;

/** A backlog through the whole way, then the same events replayed from the store, in one gateway: speeds, and memory. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { events: { type: "string", default: "100000" }, rounds: { type: "string", default: "3" } },
  });
  const events = Math.min(Number(values.events), MAX_EVENTS);
  const run = `bench-replay-${randomBytes(3).toString("hex")}`;
  const base = loadConfiguration({ ...process.env, WEIR_LOG_LEVEL: "error", WEIR_HTTP_PORT: "off" });
  const servers = await acquireServers({
    dataDir: base.dataDir,
    kafka: true,
    mongo: true,
    onProgress: console.error,
  });
  const brokers = servers.brokers ?? base.kafka.brokers;
  const mongo = { ...base.mongo, url: servers.mongoUrl ?? base.mongo.url, database: run };
  const topics = { ...base.topics, prefix: `${run}.`, create: true };
  const groupPrefix = `${run}-`;
  const backlog: Backlog = { brokers, topic: `${run}.${EVENT_TYPE}`, events, partitions: 4 };
  try {
    await fillBacklog(backlog);
    const configuration = {
      ...base,
      namespace: run,
      mongo,
      kafka: { ...base.kafka, brokers },
      topics,
      groupPrefix,
    };
    const broker = createGateway(configuration, { plugins: [noOp] });
    try {
      let started = performance.now();
      broker.localBus.once("$broker.started", () => {
        started = performance.now();
      });
      await broker.start();
      await drained(backlog, [`${groupPrefix}events`, `${groupPrefix}no-op`], LIMIT_MS);
      const hot = events / (performance.now() - started);
      console.log(`hot path: ${perSecond(hot)}, ${rss()}`);
      const ratios: number[] = [];
      for (let round = 1; round <= Number(values.rounds); round += 1) {
        const { speed, most } = await replayAll(broker, events);
        ratios.push(speed / hot);
        const ratio = (speed / hot).toFixed(2);
        console.log(`replay ${round}: ${perSecond(speed)}, ratio ${ratio}, at most ${most} MiB resident`);
      }
      const median = ratios.sort((a, b) => a - b)[ratios.length >> 1] ?? Number.NaN;
      console.log(
        `\n${events} events: ratio replay / hot path ${median.toFixed(2)} (the median), ${rss()} at the end`,
      );
    } finally {
      await broker.stop();
    }
  } finally {
    await remove(run, brokers, mongo.url);
    await servers.release();
  }
}

/** → events per millisecond, and the most memory that the process had meanwhile. */
async function replayAll(broker: ServiceBroker, events: number): Promise<{ speed: number; most: number }> {
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, Math.round(process.memoryUsage.rss() / MIB));
  }, 100);
  try {
    const started = performance.now();
    const form = { filter: {}, groups: ["no-op"] };
    const { id } = await broker.call<ReplayView, object>("events.replay", form);
    for (;;) {
      const { status, counts } = await broker.call<ReplayView, object>("events.getReplay", { id });
      if (status === "completed") {
        if (counts.delivered !== events) throw new Error(`${counts.delivered} of ${events} were delivered`);
        return { speed: events / (performance.now() - started), most };
      }
      if (performance.now() - started > LIMIT_MS)
        throw new Error(`replay ${id} is ${status} after ${LIMIT_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    clearInterval(watch);
  }
}

function perSecond(perMs: number): string {
  return `${Math.round(perMs * 1_000).toLocaleString("en")}/s`;
}

function rss(): string {
  return `${Math.round(process.memoryUsage.rss() / MIB)} MiB resident`;
}

async function remove(run: string, brokers: string[], mongoUrl: string): Promise<void> {
  const admin = kafkaFor(brokers).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(run));
  if (topics.length > 0) await admin.deleteTopics({ topics });
  const { groups } = await admin.listGroups();
  const ours = groups.map(({ groupId }) => groupId).filter((group) => group.startsWith(run));
  if (ours.length > 0) await admin.deleteGroups(ours).catch(() => undefined);
  await admin.disconnect();
  const client = await MongoClient.connect(mongoUrl, { useUnifiedTopology: true });
  await client.db(run).dropDatabase();
  await client.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
