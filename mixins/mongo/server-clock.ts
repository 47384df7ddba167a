import type { MongoClient } from "mongodb";

/** A reading of the server's clock, and when it was taken on this process's monotonic one (ms). */
interface Reading {
  server: number;
  at: number;
}

/** The part of an answer to the driver's monitoring that is used here. https://www.mongodb.com/docs/manual/reference/command/hello/ */
interface HelloReply {
  ismaster?: boolean;
  isWritablePrimary?: boolean;
  localTime?: Date;
}

const readings = new Map<string, Reading>();

/** Reads the clock of the primary from its answers to the driver's own monitoring, every few seconds. */
export function watchServerClock(
  uri: string,
  client: Pick<MongoClient, "on">,
  monotonic: () => number = () => performance.now(),
): void {
  client.on("serverHeartbeatSucceeded", ({ reply }: { reply: HelloReply }) => {
    const isPrimary = reply.isWritablePrimary ?? reply.ismaster;
    if (isPrimary && reply.localTime)
      readings.set(uri, { server: reply.localTime.getTime(), at: monotonic() });
  });
}

/**
 * The time by MongoDB's clock, which all gateways share: a step of this machine's clock moves no lease and no expiry. This
 * machine's own time before MongoDB has answered once.
 */
export function serverTime(uri: string, monotonic: () => number = () => performance.now()): Date {
  const reading = readings.get(uri);
  return reading ? new Date(reading.server + (monotonic() - reading.at)) : new Date();
}
