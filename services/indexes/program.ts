// `npm run indexes`: declared against actual indexes, for people and deploy pipelines.
import type { Logger } from "moleculer";
import { hostsOf } from "../../mixins/mongo-schema/connection-errors";
import { adviceOn } from "../../mixins/mongo-schema/describe";
import { leaseClient } from "../../mixins/mongo-schema/shared-client";
import { loadConfiguration } from "../../schemas/configuration/load-configuration";
import { acquireServers } from "../embedded/embedded-servers";
import { table } from "../repl/table";
import { type IndexesCommand, readArguments, USAGE } from "./command-line";
import { INDEXES_HEAD, indexRows } from "./index-rows";
import { ownersFor, runIndexes, type ServiceIndexes } from "./run-indexes";

/** A pipeline is told when MongoDB is away; a daemon would wait for ever. In ms. */
const CONNECT_LIMIT_MS = 30_000;

const logger = Object.fromEntries(
  ["fatal", "error", "warn", "info", "debug", "trace"].map((level) => [
    level,
    // The standard output is for the plan.
    (line: string) =>
      level === "debug" || level === "trace" ? undefined : console.error(`${level}: ${line}`),
  ]),
) as unknown as Logger;

async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
  const owners = ownersFor(command);
  const { mongo, dataDir } = loadConfiguration(process.env);
  const servers = await acquireServers({ dataDir, kafka: false, mongo: mongo.url === "" });
  const url = mongo.url || (servers.mongoUrl ?? "");
  const lease = leaseClient(url, logger);
  const limit = setTimeout(() => void lease.release(), CONNECT_LIMIT_MS);
  try {
    const client = await lease.ready;
    clearTimeout(limit);
    const answers = await runIndexes(command, { db: client.db(mongo.database), logger, owners });
    console.log(command.json ? JSON.stringify(answers, null, 2) : textOf(answers));
    return exitCodeFor(command, answers, `${hostsOf(url)}/${mongo.database}`);
  } finally {
    clearTimeout(limit);
    await lease.release();
    await servers.release();
  }
}

function textOf(answers: ServiceIndexes[]): string {
  const rows = answers.flatMap(({ service, collections }) => indexRows(service, collections));
  const advice = answers.flatMap(({ service, collections }) =>
    collections.flatMap((plan) => adviceOn(service, plan)),
  );
  return [table(INDEXES_HEAD, rows), ...advice].join("\n");
}

function exitCodeFor({ check, apply }: IndexesCommand, answers: ServiceIndexes[], where: string): number {
  const drift = answers.reduce((sum, answer) => sum + answer.drift, 0);
  console.error(drift === 0 ? `${where} is as declared.` : `${where}: ${drift} not as declared.`);
  return drift > 0 && (check || apply) ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error & { code?: string }) => {
    const usage = error.code?.startsWith("ERR_PARSE_ARGS") || /go with --apply/.test(error.message);
    console.error(usage ? `${error.message}\n${USAGE}` : error.message);
    process.exitCode = 2;
  },
);
