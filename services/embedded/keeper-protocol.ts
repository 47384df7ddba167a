import type { Socket } from "node:net";
import readline from "node:readline";
import type { KafkaProgram, MongoProgram } from "./programs";

export type ServerName = "kafka" | "mongo";

/** How to run each server; only asked for when the server does not run yet. */
export interface Programs {
  kafka?: KafkaProgram;
  mongo?: MongoProgram;
}

export interface Addresses {
  brokers?: string[];
  mongoUrl?: string;
}

/** One line of JSON from a client. Whoever cannot read the keeper's file does not know the token. */
export interface KeeperRequest {
  token: string;
  need: ServerName[];
  programs: Programs;
}

/** One line of JSON for each request, in their order. */
export type KeeperReply =
  | { ready: Addresses }
  /** These do not run: ask again and bring their programs. */
  | { missing: ServerName[] }
  | { failed: string };

export function sendLine(socket: Socket, message: KeeperRequest | KeeperReply): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

/** Hands over each line; one that is no JSON ends the connection. */
export function onLines<T>(socket: Socket, take: (message: T) => void): void {
  const lines = readline.createInterface({ input: socket });
  // It repeats the socket's errors, which are dealt with there.
  lines.on("error", () => undefined);
  lines.on("line", (line) => {
    let message: T;
    try {
      message = JSON.parse(line);
    } catch {
      socket.destroy();
      return;
    }
    take(message);
  });
}
