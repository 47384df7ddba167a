import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import type { Configuration } from "../../schemas/configuration/configuration";
import { loadConfiguration } from "../../schemas/configuration/load-configuration";
import { acquireServers } from "../../services/embedded/embedded-servers";
import { type Backlog, EVENT_TYPE, fillBacklog } from "./backlog";
import { runBareLoop } from "./bare-loop";
import { runGateway } from "./gateway-run";
import { removeRun } from "./remove-run";

const MAX_EVENTS = 500_000;

interface Round {
  bare: number;
  gateway: number;
}

/** Measures the whole way against a bare loop, turn by turn in one run, so that a noisy machine is noisy to both. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      events: { type: "string", default: "60000" },
      rounds: { type: "string", default: "3" },
      partitions: { type: "string", default: "4" },
    },
  });
  const events = Math.min(Number(values.events), MAX_EVENTS);
  const partitions = Number(values.partitions);
  const run = `bench-${randomBytes(3).toString("hex")}`;
  const base = loadConfiguration({ ...process.env, WEIR_LOG_LEVEL: "error", WEIR_HTTP_PORT: "off" });
  const servers = await acquireServers({
    dataDir: base.dataDir,
    kafka: true,
    mongo: true,
    onProgress: console.error,
  });
  const brokers = servers.brokers ?? base.kafka.brokers;
  const mongoUrl = servers.mongoUrl ?? base.mongo.url;

  const rounds: Round[] = [];
  try {
    // The first round warms the servers and the compiler; it does not count.
    for (let round = 0; round <= Number(values.rounds); round += 1) {
      const measured = await measure(`${run}-${round}`);
      console.log(`round ${round}${round === 0 ? " (warm-up)" : ""}: ${line(measured, events)}`);
      if (round > 0) rounds.push(measured);
    }
    report(rounds, events, partitions);
  } finally {
    await removeRun(run, brokers, mongoUrl);
    await servers.release();
  }

  async function measure(name: string): Promise<Round> {
    const backlog = (of: string): Backlog => ({
      brokers,
      topic: `${name}-${of}.${EVENT_TYPE}`,
      events,
      partitions,
    });
    await fillBacklog(backlog("bare"));
    const bare = await runBareLoop(backlog("bare"), mongoUrl, `${name}-bare`);
    await fillBacklog(backlog("gateway"));
    const configuration: Configuration = {
      ...base,
      namespace: name,
      mongo: { url: mongoUrl, database: `${name}-gateway`, indexPolicy: "warn" },
      kafka: { ...base.kafka, brokers },
      topics: { ...base.topics, prefix: `${name}-gateway.`, create: true },
      groupPrefix: `${name}-`,
    };
    const gateway = await runGateway(backlog("gateway"), configuration);
    return { bare, gateway };
  }
}

function line({ bare, gateway }: Round, events: number): string {
  const perSecond = (ms: number) => Math.round((events / ms) * 1_000).toLocaleString("en");
  return `bare loop ${perSecond(bare)}/s, gateway ${perSecond(gateway)}/s, ratio ${(bare / gateway).toFixed(2)}`;
}

function report(rounds: Round[], events: number, partitions: number): void {
  const ratios = rounds.map(({ bare, gateway }) => bare / gateway).sort((a, b) => a - b);
  const median = (numbers: number[]) =>
    [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
  const middle = {
    bare: median(rounds.map(({ bare }) => bare)),
    gateway: median(rounds.map(({ gateway }) => gateway)),
  };
  console.log(
    `\n${events} events, ${partitions} partitions, median of ${rounds.length}: ${line(middle, events)}`,
  );
  console.log(
    `ratio gateway / bare loop: ${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(", ")})`,
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
