import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { lastLines } from "../../../services/embedded/run-program";
import { startWatched, type WatchedProcess } from "../../../services/embedded/watched-process";
import { freePort } from "../../support/free-port";
import { waitFor } from "../../support/wait-for";
import { temporaryUntilExit } from "../session/temporary";
import { workerSettings } from "./connect-settings";
import type { ConnectProgram } from "./fetch-connect";

const MAIN = "org.apache.kafka.connect.cli.ConnectStandalone";
/** What Kafka's own start script gives it. */
const HEAP = ["-Xms256M", "-Xmx2G"];
const START_LIMIT_MS = 90_000;

const LOG4J = `rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %-5p %m (%c)%n
`;

/** A standalone Kafka Connect that runs nothing yet. */
export interface ConnectWorker {
  process: WatchedProcess;
  /** Gives it a connector, and resolves when its tasks run. */
  run(name: string, settings: Record<string, string>): Promise<void>;
  /** Milliseconds that its garbage collector has stopped it so far. */
  gcPausesMs(): Promise<number>;
  /** The end of its log. */
  log(): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export async function startWorker({ java, libs }: ConnectProgram, brokers: string[]): Promise<ConnectWorker> {
  const folder = temporaryUntilExit("connect");
  const file = (name: string) => path.join(folder, name);
  const port = await freePort();
  await writeFile(file("worker.properties"), workerSettings(brokers, port, file("offsets")));
  await writeFile(file("log4j2.properties"), LOG4J);
  const options = [
    `-Dlog4j2.configurationFile=${file("log4j2.properties")}`,
    `-Xlog:gc:file=${file("gc.log")}`,
  ];
  const args = [...HEAP, ...options, "-cp", path.join(libs, "*"), MAIN, file("worker.properties")];
  const process = await startWatched({ file: java, args, logFile: file("log") });
  const log = async () => lastLines(await readFile(file("log"), "utf8").catch(() => ""));
  const url = `http://127.0.0.1:${port}/connectors`;
  const worker: ConnectWorker = {
    process,
    log,
    run: async (name, settings) => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(settings);
      const answer = await fetch(`${url}/${name}/config`, { method: "PUT", headers, body });
      if (!answer.ok) throw new Error(`Kafka Connect refused ${name}: ${await answer.text()}`);
    },
    gcPausesMs: async () => pausesIn(await readFile(file("gc.log"), "utf8").catch(() => "")),
    stop: async (signal = "SIGTERM") => {
      process.signal(signal);
      await process.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await waitFor(async () => (await fetch(url)).ok, {
      what: "Kafka Connect to answer",
      limitMs: START_LIMIT_MS,
    });
    return worker;
  } catch (error) {
    const said = await log();
    await worker.stop("SIGKILL");
    throw new Error(`${(error as Error).message}\nIts log:\n${said}`);
  }
}

/** Sums what a log of the JVM's collector (-Xlog:gc) tells of pauses. */
export function pausesIn(log: string): number {
  const pauses = [...log.matchAll(/ Pause .*?([\d.]+)ms$/gm)];
  return pauses.reduce((sum, [, ms]) => sum + Number(ms), 0);
}
