import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import net, { type Socket } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { WeirError } from "../../schemas/errors";
import { type KeeperReply, type KeeperRequest, onLines, sendLine } from "./keeper-protocol";
import { besides, programEntry } from "./program-entry";
import { readServersFile } from "./servers-file";

const ANSWER_LIMIT_MS = 3000;
const CONNECT_LIMIT_MS = 90_000;
const LOOK_EVERY_MS = 50;

/** While it is open, the keeper and its servers stay. It does not keep this process alive. */
export interface KeeperConnection {
  /** Null when the keeper is gone. */
  request(what: Omit<KeeperRequest, "token">): Promise<KeeperReply | null>;
  close(): Promise<void>;
  closed: Promise<void>;
}

/** A connection to the data folder's keeper, which is started if there is none. */
export async function connectToKeeper(dataDir: string): Promise<KeeperConnection> {
  const limit = Date.now() + CONNECT_LIMIT_MS;
  let spawned: { ended: boolean; code: number | null } | null = null;
  for (;;) {
    const connection = await tryConnect(dataDir);
    if (connection) return connection;
    if (spawned?.code || Date.now() > limit) {
      throw new WeirError(
        "WEIR_SERVER_START_FAILED",
        `The process that keeps the embedded servers did not come up: see ${keeperLog(dataDir)}.`,
      );
    }
    // One that ended with 0 left the field to another keeper.
    if (!spawned || spawned.ended) spawned = spawnKeeper(dataDir);
    await delay(LOOK_EVERY_MS);
  }
}

/** True if the keeper that the file names answers. */
export async function isKeeperAlive(dataDir: string): Promise<boolean> {
  const connection = await tryConnect(dataDir);
  await connection?.close();
  return connection !== null;
}

async function tryConnect(dataDir: string): Promise<KeeperConnection | null> {
  const keeper = (await readServersFile(dataDir))?.keeper;
  if (!keeper) return null;
  const socket = net.connect({ host: keeper.host, port: keeper.port });
  const connection = connectionOver(socket, keeper.token);
  // A stale file may name a port that belongs to a stranger by now.
  const stranger = setTimeout(() => socket.destroy(), ANSWER_LIMIT_MS);
  const reply = await connection.request({ need: [], programs: {} });
  clearTimeout(stranger);
  if (!reply) return null;
  socket.unref();
  return connection;
}

function connectionOver(socket: Socket, token: string): KeeperConnection {
  const waiting: ((reply: KeeperReply | null) => void)[] = [];
  let open = true;
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      open = false;
      for (const answer of waiting.splice(0)) answer(null);
      resolve();
    });
  });
  onLines<KeeperReply>(socket, (reply) => waiting.shift()?.(reply));
  return {
    closed,
    request: (what) =>
      new Promise((resolve) => {
        if (!open) return resolve(null);
        // Referenced while an answer is awaited: a process with nothing else to do must not end meanwhile.
        socket.ref();
        waiting.push((reply) => {
          socket.unref();
          resolve(reply);
        });
        sendLine(socket, { token, ...what });
      }),
    close: async () => {
      socket.destroy();
      await closed;
    },
  };
}

function spawnKeeper(dataDir: string): { ended: boolean; code: number | null } {
  const file = keeperLog(dataDir);
  mkdirSync(path.dirname(file), { recursive: true });
  const log = openSync(file, "a");
  const { execArgv, args } = programEntry(besides("keeper"), dataDir);
  // A debugger's or a coverage tool's options are meant for this process alone.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [...execArgv, ...args], {
    cwd: dataDir,
    detached: true,
    env,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  const state = { ended: false, code: null as number | null };
  child.once("error", () => Object.assign(state, { ended: true, code: 1 }));
  child.once("exit", (code) => Object.assign(state, { ended: true, code: code ?? 1 }));
  return state;
}

function keeperLog(dataDir: string): string {
  return path.join(dataDir, "logs", "keeper.log");
}
