import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { WeirError } from "../../schemas/errors";
import { exclusiveLock } from "./exclusive-lock";
import { fetchKafka, KAFKA_VERSION } from "./fetch-kafka";
import { fetchMongod, MONGODB_VERSION } from "./fetch-mongod";
import { requireJava } from "./prerequisites";
import type { ProgressView } from "./progress";
import { runProgram } from "./run-program";

export interface KafkaProgram {
  java: string;
  /** Folder with Kafka's jars in `libs/`. */
  home: string;
}

export interface MongoProgram {
  mongod: string;
}

export interface ProgramSources {
  /** Where fetched programs are kept. */
  programsDir: string;
  /** PATH, JAVA_HOME, WEIR_KAFKA_HOME and WEIR_MONGOD are read from it, and what Maven and pip look at. */
  env: NodeJS.ProcessEnv;
  view: ProgressView;
}

// The oldest that speaks as the driver does, with transactions that may create collections.
const MONGOD_ON_PATH_MINIMUM = 5;
const FETCH_PREFIX = ".fetch-";

/** A Java and a Kafka: the folder of WEIR_KAFKA_HOME, else the fetched one. */
export async function kafkaProgram(sources: ProgramSources): Promise<KafkaProgram> {
  const java = await requireJava(sources.env);
  const given = sources.env.WEIR_KAFKA_HOME;
  if (given) {
    const home = path.resolve(given);
    if (existsSync(path.join(home, "libs"))) return { java, home };
    throw new WeirError(
      "WEIR_PREREQUISITE_MISSING",
      `WEIR_KAFKA_HOME must be a folder of Kafka with a folder libs/ in it; ${home} has none.`,
    );
  }
  return { java, home: await fetchOnce(`kafka-${KAFKA_VERSION}`, fetchKafka, sources) };
}

/** The mongod of WEIR_MONGOD, else one on PATH, else the fetched one. */
export async function mongoProgram(sources: ProgramSources): Promise<MongoProgram> {
  const { env, view } = sources;
  const given = env.WEIR_MONGOD;
  if (given) {
    const mongod = path.resolve(given);
    if ((await mongodVersion(mongod, env)) > 0) return { mongod };
    throw new WeirError(
      "WEIR_PREREQUISITE_MISSING",
      `WEIR_MONGOD must name a mongod that runs; ${mongod} does not.`,
    );
  }
  const version = await mongodVersion("mongod", env);
  if (version >= MONGOD_ON_PATH_MINIMUM) return { mongod: "mongod" };
  if (version > 0)
    view.line(`The mongod on PATH is version ${version}, too old for the gateway: another one is used.`);
  const folder = await fetchOnce(`mongodb-${MONGODB_VERSION}`, fetchMongod, sources);
  return { mongod: path.join(folder, "mongod") };
}

/** The major version that a mongod reports; 0 when it does not run. */
async function mongodVersion(mongod: string, env: NodeJS.ProcessEnv): Promise<number> {
  const { code, output } = await runProgram(mongod, ["--version"], { env });
  return code === 0 ? Number(/db version v(\d+)/.exec(output)?.[1] ?? 0) : 0;
}

/**
 * The folder of a fetched program. It is filled under another name and renamed when complete, and under a lock:
 * two starts at once fetch once, and what was broken off is fetched anew.
 */
export async function fetchOnce(
  name: string,
  fetch: (folder: string, env: NodeJS.ProcessEnv, view: ProgressView) => Promise<void>,
  { programsDir, env, view }: ProgramSources,
): Promise<string> {
  const folder = path.join(programsDir, name);
  if (existsSync(folder)) return folder;
  const lock = await exclusiveLock(path.join(programsDir, "fetch.lock"), () =>
    view.line("Another process is fetching the servers' programs: waiting for it …"),
  );
  try {
    if (existsSync(folder)) return folder;
    await removeBrokenOff(programsDir);
    const unfinished = path.join(programsDir, `${FETCH_PREFIX}${randomBytes(4).toString("hex")}`);
    await mkdir(unfinished, { recursive: true });
    try {
      await fetch(unfinished, env, view);
      await rename(unfinished, folder);
    } finally {
      view.close();
      await rm(unfinished, { recursive: true, force: true });
    }
    return folder;
  } finally {
    lock.release();
  }
}

async function removeBrokenOff(programsDir: string): Promise<void> {
  for (const entry of await readdir(programsDir)) {
    if (entry.startsWith(FETCH_PREFIX))
      await rm(path.join(programsDir, entry), { recursive: true, force: true });
  }
}
