// A process of its own between the one that wants a server and the server: when its parent is gone, in whatever
// way, the channel to it closes, and the server is stopped. Started as: watchdog <log file> <program> <arguments …>
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import type { FromWatchdog, ToWatchdog } from "./watched-process";

const STOP_LIMIT_MS = 10_000;

const [logFile, program, ...args] = process.argv.slice(2);
if (!logFile || !program || !process.send) throw new Error("Only for use by watched-process.");

// A Ctrl-C reaches the whole group of a terminal: the server is stopped by the parent, or when that is gone.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const log = openSync(logFile, "a");
const server = spawn(program, args, { stdio: ["ignore", log, log] });

const tell = (message: FromWatchdog) => {
  if (process.connected) process.send?.(message);
};

server.once("spawn", () => tell({ pid: server.pid ?? 0 }));
server.once("error", (error) => {
  tell({ failed: error.message });
  process.disconnect?.();
});
server.once("exit", (code, signal) => {
  tell({ exit: { code, signal } });
  if (process.connected) process.disconnect();
  else process.exit();
});

process.on("message", ({ signal }: ToWatchdog) => server.kill(signal));

process.on("disconnect", () => {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  // A paused server does not hear of a stop before it goes on.
  server.kill("SIGTERM");
  server.kill("SIGCONT");
  setTimeout(() => server.kill("SIGKILL"), STOP_LIMIT_MS);
});
