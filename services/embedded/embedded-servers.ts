import path from "node:path";
import { WeirError } from "../../schemas/errors";
import { connectToKeeper, type KeeperConnection } from "./keeper-connection";
import type { Addresses, Programs, ServerName } from "./keeper-protocol";
import { kafkaProgram, mongoProgram, type ProgramSources } from "./programs";
import { lineProgress, progressFor } from "./progress";

export interface AcquireOptions {
  /** Folder for programs, data and logs; where those who share the servers find them. */
  dataDir: string;
  kafka: boolean;
  mongo: boolean;
  /** Gets what takes time, in plain lines; without it a bar or lines are written to the standard error. */
  onProgress?: (line: string) => void;
  /** `<dataDir>/programs` when not given. */
  programsDir?: string;
  /** WEIR_KAFKA_HOME, WEIR_MONGOD, JAVA_HOME and PATH are read from it. */
  env?: NodeJS.ProcessEnv;
  /** The servers went away under their user: somebody killed their keeper. */
  onLost?: () => void;
}

export interface EmbeddedServers {
  /** Only when Kafka was asked for. */
  brokers?: string[];
  /** Only when MongoDB was asked for. */
  mongoUrl?: string;
  /** The servers stop soon after the last of their users has let go, or has died. */
  release(): Promise<void>;
}

const LABELS: Record<ServerName, string> = { kafka: "Kafka", mongo: "MongoDB" };
const ATTEMPTS = 3;

/**
 * Gives real servers on loopback: those that run already for this data folder, else they are fetched (once) and
 * started. Throws a WeirError with one clear message when something that is needed for it is missing.
 */
export async function acquireServers(options: AcquireOptions): Promise<EmbeddedServers> {
  const dataDir = path.resolve(options.dataDir);
  const need: ServerName[] = [];
  if (options.kafka) need.push("kafka");
  if (options.mongo) need.push("mongo");
  if (need.length === 0) return { release: async () => undefined };

  const sources: ProgramSources = {
    programsDir: path.resolve(options.programsDir ?? path.join(dataDir, "programs")),
    env: options.env ?? process.env,
    view: options.onProgress ? lineProgress(options.onProgress) : progressFor(process.stderr),
  };
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const connection = await connectToKeeper(dataDir);
    try {
      const addresses = await start(connection, need, sources);
      // A keeper that was about to leave: its successor is asked.
      if (!addresses) continue;
      return hold(connection, addresses, options.onLost);
    } catch (error) {
      await connection.close();
      throw error;
    } finally {
      sources.view.close();
    }
  }
  throw new WeirError(
    "WEIR_SERVER_START_FAILED",
    `The embedded servers' keeper went away ${ATTEMPTS} times while they were starting: see ${path.join(dataDir, "logs")}.`,
  );
}

async function start(
  connection: KeeperConnection,
  need: ServerName[],
  sources: ProgramSources,
): Promise<Addresses | null> {
  const programs: Programs = {};
  for (;;) {
    const reply = await connection.request({ need, programs });
    if (!reply) return null;
    if ("ready" in reply) return reply.ready;
    if ("failed" in reply) throw new WeirError("WEIR_SERVER_START_FAILED", reply.failed);
    if (reply.missing.includes("kafka")) programs.kafka = await kafkaProgram(sources);
    if (reply.missing.includes("mongo")) programs.mongo = await mongoProgram(sources);
    sources.view.line(`Starting ${reply.missing.map((name) => LABELS[name]).join(" and ")} …`);
  }
}

function hold(connection: KeeperConnection, addresses: Addresses, onLost?: () => void): EmbeddedServers {
  let released = false;
  void connection.closed.then(() => {
    if (!released) onLost?.();
  });
  return {
    ...addresses,
    release: async () => {
      released = true;
      await connection.close();
    },
  };
}
