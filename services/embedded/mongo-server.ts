import { mkdir } from "node:fs/promises";
import path from "node:path";
import { MongoClient } from "mongodb";
import type { ServerPlan } from "./embedded-server";
import { HOST, isListening, type Ports } from "./ports";
import type { MongoProgram } from "./programs";

const REPLICA_SET = "rs0";
const NOT_YET_INITIALIZED = 94;
const CACHE_GB = 1;
/** In percent of the cache: by MongoDB's defaults, a third of these, a small cache's changed pages are written again and again. */
const EVICTION =
  "eviction_dirty_target=15,eviction_dirty_trigger=30,eviction_updates_target=8,eviction_updates_trigger=15";

export type MongoParameters = Record<string, string | number | boolean>;

export interface MongoServer extends ServerPlan {
  url: string;
}

/** A replica set of one member on loopback, as transactions need it. */
export function mongoServer(
  { mongod }: MongoProgram,
  dataDir: string,
  { mongo: port }: Ports,
  parameters: MongoParameters = {},
): MongoServer {
  const dbpath = path.join(dataDir, "mongo");
  const settings: MongoParameters = {
    // An open transaction of a process that died holds its locks for so long, in seconds.
    transactionLifetimeLimitSeconds: 10,
    // There is no other member that clients could go to meanwhile.
    shutdownTimeoutMillisForSignaledShutdown: 0,
    diagnosticDataCollectionEnabled: false,
    // Nobody reads at a former time. Five minutes of it, MongoDB's default, keep the cache busy with what is over.
    minSnapshotHistoryWindowInSeconds: 0,
    ...parameters,
  };
  return {
    name: "MongoDB",
    url: `mongodb://${HOST}:${port}/?replicaSet=${REPLICA_SET}`,
    prepare: async () => {
      await mkdir(dbpath, { recursive: true });
      const logs = path.join(dataDir, "logs");
      await mkdir(logs, { recursive: true });
      return {
        file: mongod,
        logFile: path.join(logs, "mongod.log"),
        args: [
          ...["--dbpath", dbpath, "--bind_ip", HOST, "--port", String(port), "--replSet", REPLICA_SET],
          ...["--wiredTigerCacheSizeGB", String(CACHE_GB), "--wiredTigerEngineConfigString", EVICTION],
          ...["--nounixsocket", "--quiet"],
          ...Object.entries(settings).flatMap(([name, value]) => ["--setParameter", `${name}=${value}`]),
        ],
      };
    },
    isReady: async () => (await isListening(port)) && (await isPrimary(port)),
  };
}

/** Brings the member to be primary: founds the replica set, or tells it of its new port, where that is needed. */
async function isPrimary(port: number): Promise<boolean> {
  const address = `${HOST}:${port}`;
  const client = await MongoClient.connect(`mongodb://${address}/?directConnection=true`, {
    useUnifiedTopology: true,
    serverSelectionTimeoutMS: 2000,
  });
  try {
    const admin = client.db("admin");
    const { isWritablePrimary } = await admin.command({ hello: 1 });
    if (isWritablePrimary) return true;
    const config = await admin.command({ replSetGetConfig: 1 }).then(
      (reply) => reply.config as ReplicaSetConfig,
      (error: { code?: number }) => {
        if (error.code === NOT_YET_INITIALIZED) return null;
        throw error;
      },
    );
    if (!config) {
      const members = [{ _id: 0, host: address }];
      await admin.command({ replSetInitiate: { _id: REPLICA_SET, members } });
    } else if (config.members[0]?.host !== address) {
      const members = [{ ...config.members[0], host: address }];
      await admin.command({
        replSetReconfig: { ...config, version: config.version + 1, members },
        force: true,
      });
    }
    return false;
  } finally {
    await client.close();
  }
}

interface ReplicaSetConfig {
  version: number;
  members: { _id: number; host: string }[];
}
