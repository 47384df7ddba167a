import type { MongoClient } from "mongodb";

/** The driver asks each server this often whether it is there. */
export const HEARTBEAT_MS = 2_000;
/** Two answers that did not come are no hiccup. */
const SILENCE_MS = 2.5 * HEARTBEAT_MS;

interface Health {
  lastAnswer: number;
  /** When the last silence was over; 0: there was none. */
  silenceEnded: number;
}

const healthOf = new Map<string, Health>();

/** Follows the driver's own monitoring: it notices a frozen server that no error tells of yet. */
export function watchHealth(uri: string, client: MongoClient, now: () => number = Date.now): void {
  const health = { lastAnswer: now(), silenceEnded: 0 };
  healthOf.set(uri, health);
  client.on("serverHeartbeatSucceeded", () => {
    if (now() - health.lastAnswer > SILENCE_MS) health.silenceEnded = now();
    health.lastAnswer = now();
  });
}

/** True where MongoDB was silent at some time since then, or is so now. False for a server that nobody here is connected to. */
export function wasSilentSince(uri: string, since: number, now: () => number = Date.now): boolean {
  const health = healthOf.get(uri);
  if (!health) return false;
  return health.silenceEnded >= since || now() - health.lastAnswer > SILENCE_MS;
}
