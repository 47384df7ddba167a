import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { lastLines } from "../../services/embedded/run-program";
import { privateServers } from "../support/private-servers";
import { RUN_VARIABLE, run } from "../support/run";
import { FAULTS } from "./faults";
import { BACKLOG } from "./faults/backlog";
import { lineOf, markdownOf, tableOf } from "./report";
import { runBacklog } from "./run-backlog";
import { type Report, runFault } from "./run-fault";
import type { Stage } from "./scene";

const USAGE = `npm run test:faults [-- [--only <name or its beginning>]… [--bounded] [--events <of the backlog>] [--repeat <times>] [--markdown <file>] [--list]]`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      bounded: { type: "boolean", default: false },
      events: { type: "string", default: "1000000" },
      repeat: { type: "string", default: "1" },
      markdown: { type: "string" },
      list: { type: "boolean", default: false },
    },
  });
  const usual = FAULTS.filter(
    ({ name, bounded }) =>
      (values.only?.some((wanted) => name.startsWith(wanted)) ?? true) && (!values.bounded || bounded),
  );
  const chosen: Chosen[] = usual.map((fault) => ({
    fault,
    run: (stage) => runFault(stage, fault, { timed: !values.bounded }),
  }));
  if (values.only?.includes(BACKLOG.name))
    chosen.push({ fault: BACKLOG, run: (stage) => runBacklog(stage, Number(values.events)) });
  if (values.list || chosen.length === 0) {
    for (const { name, story } of [...FAULTS, BACKLOG]) console.log(`${name}: ${story}`);
    if (!values.list) throw new Error(`No fault is chosen. ${USAGE}`);
    return;
  }
  process.env[RUN_VARIABLE] = run;
  const reports: Report[] = [];
  await withServers({}, async (servers) => {
    for (let round = 0; round < Number(values.repeat); round += 1) {
      for (const one of chosen) {
        const { diskMib } = one.fault;
        const report = await (diskMib === undefined
          ? attempt(one, servers)
          : withServers({ diskMib }, (own) => attempt(one, own)));
        reports.push(report);
        console.log(lineOf(report));
        if (report.problems.length > 0) tellMore(report);
        await restore(servers);
      }
    }
  });
  if (values.markdown) writeFileSync(values.markdown, `${markdownOf(reports)}\n`);
  const failed = reports.filter(({ problems }) => problems.length > 0).length;
  console.log(`\n${tableOf(reports)}\n\n${reports.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

interface Chosen {
  fault: Report["fault"] & { diskMib?: number };
  run(stage: Stage): Promise<Report>;
}

type Servers = Awaited<ReturnType<typeof privateServers>>;

/** Servers for the work's time: everything that it starts meanwhile finds them in the environment. */
async function withServers<T>(
  options: { diskMib?: number },
  work: (servers: Servers) => Promise<T>,
): Promise<T> {
  const { KAFKA_BROKERS = "", MONGO_URL = "" } = process.env;
  const servers = await privateServers({
    ...options,
    mongoParameters: { enableTestCommands: true, ttlMonitorSleepSecs: 1 },
  });
  process.env.KAFKA_BROKERS = servers.brokers.join(",");
  process.env.MONGO_URL = servers.mongoUrl;
  try {
    return await work(servers);
  } finally {
    await servers.close();
    Object.assign(process.env, { KAFKA_BROKERS, MONGO_URL });
  }
}

function attempt({ fault, run: runOne }: Chosen, servers: Servers): Promise<Report> {
  return runOne(servers).catch((error: Error) => brokenOff(fault, error));
}

/** One fault whose scene could not be set up, or not be cleared away, does not end the run of all. */
function brokenOff(fault: Report["fault"], error: Error): Report {
  const problems = [`it broke off: ${error.stack ?? error.message}`];
  return {
    fault,
    events: 0,
    groups: [],
    letters: 0,
    wentOnAfter: null,
    tookSeconds: 0,
    problems,
    output: "",
  };
}

/** A fault that broke off may have left a server frozen or stopped; the next one needs both. */
async function restore({ kafka, mongo }: Servers): Promise<void> {
  for (const server of [kafka, mongo]) {
    server.resume();
    await server.start();
  }
}

/** Where nobody can look into the file afterwards, the end of the log has to do. */
function tellMore(report: Report): void {
  console.log(`        the gateways' log: ${keep(report)}`);
  if (process.env.CI) console.log(lastLines(report.output, 60));
}

function keep({ fault, output }: Report): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "weir-fault-")), `${fault.name}.log`);
  writeFileSync(file, output);
  return file;
}

for (const [signal, code] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const]) {
  process.once(signal, () => process.exit(code));
}
main().catch((error: Error) => {
  console.error(error.stack);
  process.exitCode = 1;
});
