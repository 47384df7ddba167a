import { type ChildProcess, fork } from "node:child_process";
import { renameSync } from "node:fs";
import { besides, programEntry } from "./program-entry";

export type ToWatchdog = { signal: NodeJS.Signals };
export type FromWatchdog = { pid: number } | { failed: string } | { exit: Exit };

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Command {
  file: string;
  args: string[];
  /** Gets what the program writes; that of the run before is kept as `<name>.previous`. */
  logFile: string;
}

/** A running program that does not outlive this process. */
export interface WatchedProcess {
  pid: number;
  exited: Promise<Exit>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts a program under a watchdog; throws if there is no such program. */
export async function startWatched({ file, args, logFile }: Command): Promise<WatchedProcess> {
  keepPrevious(logFile);
  const entry = programEntry(besides("watchdog"));
  const [watchdogFile = "", ...rest] = [...entry.args, logFile, file, ...args];
  const watchdog = fork(watchdogFile, rest, {
    execArgv: entry.execArgv,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exited = exitOf(watchdog);
  const pid = await pidFrom(watchdog);
  return {
    pid,
    exited,
    signal: (signal) => {
      if (watchdog.connected) watchdog.send({ signal } satisfies ToWatchdog);
    },
  };
}

function pidFrom(watchdog: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    watchdog.on("message", (message: FromWatchdog) => {
      if ("pid" in message) resolve(message.pid);
      if ("failed" in message) reject(new Error(message.failed));
    });
    watchdog.once("error", reject);
    watchdog.once("exit", (code) => reject(new Error(`The watchdog ended early, with code ${code}.`)));
  });
}

function exitOf(watchdog: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    let pid: number | undefined;
    let exit: Exit | undefined;
    watchdog.on("message", (message: FromWatchdog) => {
      if ("pid" in message) pid = message.pid;
      if ("exit" in message) exit = message.exit;
    });
    watchdog.once("exit", () => {
      // A watchdog that was killed could not stop its server.
      if (!exit && pid !== undefined) killIfThere(pid);
      resolve(exit ?? { code: null, signal: "SIGKILL" });
    });
  });
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

function keepPrevious(logFile: string): void {
  try {
    renameSync(logFile, `${logFile}.previous`);
  } catch {
    // The first start.
  }
}
