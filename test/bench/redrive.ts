import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import type { Configuration } from "../../schemas/configuration/configuration";
import { loadConfiguration } from "../../schemas/configuration/load-configuration";
import { acquireServers } from "../../services/embedded/embedded-servers";
import { EVENT_TYPE, fillBacklog } from "./backlog";
import { runGateway } from "./gateway-run";
import { type Redriven, runRedrive } from "./redrive-run";
import { removeRun } from "./remove-run";

/** Measures a redrive against the same number of live events, turn by turn in one run. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { letters: { type: "string", default: "100000" }, rounds: { type: "string", default: "3" } },
  });
  const letters = Number(values.letters);
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
  const configurationOf = (name: string): Configuration => ({
    ...base,
    namespace: name,
    mongo: { url: mongoUrl, database: name, indexPolicy: "warn" },
    kafka: { ...base.kafka, brokers },
    topics: { ...base.topics, prefix: `${name}.`, create: true },
    groupPrefix: `${name}-`,
  });
  const ratios: number[] = [];
  try {
    // The first round warms the servers and the compiler; it does not count.
    for (let round = 0; round <= Number(values.rounds); round += 1) {
      const hot = `${run}-${round}-hot`;
      const backlog = { brokers, topic: `${hot}.${EVENT_TYPE}`, events: letters, partitions: 4 };
      await fillBacklog(backlog);
      const live = await runGateway(backlog, configurationOf(hot));
      const redriven = await runRedrive(letters, configurationOf(`${run}-${round}-redrive`));
      console.log(`round ${round}${round === 0 ? " (warm-up)" : ""}: ${line(letters, live, redriven)}`);
      if (round > 0) ratios.push(live / redriven.ms);
    }
    const sorted = [...ratios].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    console.log(
      `ratio redrive / live: ${median.toFixed(2)} (${sorted.map((ratio) => ratio.toFixed(2)).join(", ")})`,
    );
  } finally {
    await removeRun(run, brokers, mongoUrl);
    await servers.release();
  }
}

function line(letters: number, live: number, { ms, rssBefore, rssMost }: Redriven): string {
  const perSecond = (took: number) => Math.round((letters / took) * 1_000).toLocaleString("en");
  const mib = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`;
  return `live ${perSecond(live)}/s, redrive ${perSecond(ms)}/s, ratio ${(live / ms).toFixed(2)}; memory ${mib(rssBefore)}, at most ${mib(rssMost)}`;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
