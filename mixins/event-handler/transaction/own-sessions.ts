import type { ClientSession, MongoClient } from "mongodb";

/** The driver's, which its types keep to themselves. */
interface SessionPool {
  constructor: new (topology: object) => SessionPool;
}

interface PooledSession {
  topology: object;
  sessionPool: SessionPool;
}

const pools = new WeakMap<object, Map<string, SessionPool>>();

/**
 * A session for one attempt at a partition's transaction. Its id on the server comes from a pool of the partition's own: the next
 * owner ends what runs under these ids, and the driver would lend them to other groups' reads and writes in between.
 */
export function startOwnSession(client: MongoClient, partition: string): ClientSession {
  const session = client.startSession();
  const pooled = session as unknown as PooledSession;
  const ofClient = pools.get(pooled.topology) ?? new Map<string, SessionPool>();
  pools.set(pooled.topology, ofClient);
  const pool = ofClient.get(partition) ?? new pooled.sessionPool.constructor(pooled.topology);
  ofClient.set(partition, pool);
  // The id is taken from the pool when it is first asked for.
  pooled.sessionPool = pool;
  return session;
}
