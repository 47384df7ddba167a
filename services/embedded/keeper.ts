// The keeper: a process of its own that runs the servers of one data folder for as long as somebody holds a
// connection to it. It is in a session of its own, so that a terminal's Ctrl-C ends its clients, not the servers
// under the others. Started as: keeper <data folder>
import { randomBytes } from "node:crypto";
import net, { type AddressInfo, type Socket } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ExclusiveLock, tryExclusiveLock } from "./exclusive-lock";
import { isKeeperAlive } from "./keeper-connection";
import { type KeeperReply, type KeeperRequest, onLines, sendLine } from "./keeper-protocol";
import { KeptServers } from "./kept-servers";
import { endLeftoverServers } from "./leftover-servers";
import { HOST, reservePorts } from "./ports";
import { removeServersFile, type ServersFile, writeServersFile } from "./servers-file";

const GRACE_MS = 2000;
const FIRST_CLIENT_MS = 15_000;
const LOCK_LIMIT_MS = 60_000;

const log = (line: string) => console.log(`${new Date().toISOString()} ${line}`);

async function keep(dataDir: string): Promise<void> {
  const lock = await lockOrYield(dataDir);
  if (!lock) return;
  await endLeftoverServers(dataDir, log);

  const token = randomBytes(16).toString("hex");
  const clients = new Set<Socket>();
  const listener = net.createServer();
  let leave: NodeJS.Timeout | undefined;
  let stopping = false;
  let written = Promise.resolve();

  const servers = new KeptServers(dataDir, await reservePorts(dataDir), log, (running) => {
    written = written.then(() => writeServersFile(dataDir, { keeper, ...running }));
  });

  const stop = async (why: string) => {
    if (stopping) return;
    stopping = true;
    log(`Stopping: ${why}.`);
    listener.close();
    for (const client of clients) client.destroy();
    await written;
    await removeServersFile(dataDir);
    await servers.stop();
    lock.release();
    log("Stopped.");
    process.exit();
  };
  const leaveAfter = (ms: number) => {
    clearTimeout(leave);
    leave = setTimeout(() => void stop("nobody uses the servers"), ms);
  };

  const answer = async (request: KeeperRequest): Promise<KeeperReply> => {
    const missing = servers.missing(request.need, request.programs);
    if (missing.length > 0) return { missing };
    try {
      return { ready: await servers.ensure(request.need, request.programs) };
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) };
    }
  };

  listener.on("connection", (client) => {
    // Only who has shown the token keeps the servers running.
    client.on("error", () => undefined);
    client.on("close", () => {
      if (clients.delete(client) && clients.size === 0 && !stopping) leaveAfter(GRACE_MS);
    });
    onLines<KeeperRequest>(client, async (request) => {
      if (stopping || request.token !== token) {
        client.destroy();
        return;
      }
      clients.add(client);
      clearTimeout(leave);
      sendLine(client, await answer(request));
    });
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, HOST, resolve);
  });
  const { port } = listener.address() as AddressInfo;
  const keeper: ServersFile["keeper"] = { pid: process.pid, host: HOST, port, token };
  await writeServersFile(dataDir, { keeper });
  leaveAfter(FIRST_CLIENT_MS);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => void stop(`received ${signal}`));
  }
}

/** The lock of the only keeper; null when another keeper is there for the clients. One that is stopping is waited for. */
async function lockOrYield(dataDir: string): Promise<ExclusiveLock | null> {
  const limit = Date.now() + LOCK_LIMIT_MS;
  for (;;) {
    const lock = await tryExclusiveLock(path.join(dataDir, "keeper.lock"));
    if (lock) return lock;
    if (await isKeeperAlive(dataDir)) return null;
    if (Date.now() > limit)
      throw new Error("Another keeper has held the lock for too long without answering.");
    await delay(100);
  }
}

const [dataDir] = process.argv.slice(2);
if (!dataDir) throw new Error("Usage: keeper <data folder>");
keep(dataDir).catch((error) => {
  log(String(error?.stack ?? error));
  // The watchdogs see to the servers.
  process.exit(1);
});
