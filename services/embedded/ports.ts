import { randomInt } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { writeFileAtomically } from "./write-file";

export const HOST = "127.0.0.1";

// Below the ports that systems hand out for outgoing connections: a server that is down for a while finds its port
// free again, and a client that keeps trying cannot come to be connected with itself.
const LOWEST = 20_000;
const HIGHEST = 32_000;
const ATTEMPTS = 200;

const NAMES = ["kafka", "controller", "mongo"] as const;

/** What each server of a data folder listens on. */
export type Ports = Record<(typeof NAMES)[number], number>;

/** Free ports on loopback: those of the last start where they are still free. */
export async function reservePorts(dataDir: string): Promise<Ports> {
  const file = path.join(dataDir, "ports.json");
  await mkdir(dataDir, { recursive: true });
  const last = await readPorts(file);
  const ports: Ports = { kafka: 0, controller: 0, mongo: 0 };
  for (const name of NAMES) {
    const port = last[name];
    const taken = Object.values(ports);
    const reuse = port !== undefined && !taken.includes(port) && (await isFree(port));
    ports[name] = reuse ? port : await freePort(taken);
  }
  await writeFileAtomically(file, `${JSON.stringify(ports, null, 2)}\n`);
  return ports;
}

async function readPorts(file: string): Promise<Partial<Ports>> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return {};
  }
}

/** A free port on loopback of the range that is nobody's; none of `taken`. */
export async function freePort(taken: readonly number[] = []): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
  throw new Error(`Found no free port between ${LOWEST} and ${HIGHEST} on ${HOST}.`);
}

/** True if a server could listen on the port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** True if something accepts connections on the port. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: HOST });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
