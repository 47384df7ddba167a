import type { Logger } from "moleculer";
import { MongoClient, type MongoClientOptions } from "mongodb";
import { watchServerClock } from "../mongo/server-clock";
import { WITH_BSON } from "./bson/driver-option";
import { HEARTBEAT_MS, watchHealth } from "./client-health";
import { retryWhileUnreachable } from "./retry";

// The typings know neither of the last two.
const OPTIONS: MongoClientOptions & { writeConcern: object; retryWrites: boolean } = {
  appname: "weir",
  useNewUrlParser: true,
  useUnifiedTopology: true,
  // The driver's default of 5 connections would let one group's claims wait for another group's.
  poolSize: 50,
  serverSelectionTimeoutMS: 5_000,
  heartbeatFrequencyMS: HEARTBEAT_MS,
  // The driver's default of 0 would wait for a frozen server for ever.
  socketTimeoutMS: 12_000,
  writeConcern: { w: "majority" },
  retryWrites: true,
  ...WITH_BSON,
};

interface SharedClient {
  holders: number;
  abort: AbortController;
  ready: Promise<MongoClient>;
}

export interface ClientLease {
  /** Resolves once MongoDB was reached, however long that takes; rejects when it refuses the user or all leases are released. */
  ready: Promise<MongoClient>;
  /** The last release closes the client and resolves when it is closed. */
  release(): Promise<void>;
}

// One client per connection string for all services of the process: they share its pool and its monitoring.
const clients = new Map<string, SharedClient>();

/** Gives a share of the process's client for this connection string, connecting it first if there is none. */
export function leaseClient(uri: string, logger: Logger): ClientLease {
  const client = clients.get(uri) ?? openClient(uri, logger);
  client.holders++;
  let released: Promise<void> | undefined;
  return {
    ready: client.ready,
    release() {
      released ??= --client.holders === 0 ? close(uri, client) : Promise.resolve();
      return released;
    },
  };
}

function openClient(uri: string, logger: Logger): SharedClient {
  const abort = new AbortController();
  const ready = retryWhileUnreachable(() => connect(uri, abort.signal), {
    uri,
    signal: abort.signal,
    logger,
  });
  const client = { holders: 0, abort, ready };
  clients.set(uri, client);
  ready.catch(() => forget(uri, client));
  return client;
}

async function connect(uri: string, signal: AbortSignal): Promise<MongoClient> {
  const client = new MongoClient(uri, OPTIONS);
  watchHealth(uri, client);
  watchServerClock(uri, client);
  const interrupt = () => void client.close().catch(() => {});
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    return await client.connect();
  } catch (error) {
    await client.close().catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}

async function close(uri: string, client: SharedClient): Promise<void> {
  // Forgotten before it is closed: a service that starts meanwhile gets a client of its own.
  forget(uri, client);
  client.abort.abort();
  const open = await client.ready.catch(() => undefined);
  await open?.close();
}

function forget(uri: string, client: SharedClient): void {
  if (clients.get(uri) === client) clients.delete(uri);
}
