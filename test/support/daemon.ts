import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { waitFor } from "./wait-for";

const ROOT = path.resolve(__dirname, "../..");
const RUNNER = path.join(ROOT, "node_modules/moleculer/bin/moleculer-runner.js");

/** The folders of the gateway's own services, without plugins. */
export const SERVICES = ["bridge", "schemas", "idempotency", "dlq", "events"].map(
  (name) => `services/${name}`,
);

export interface LogLine {
  level: string;
  msg: string;
  mod?: string;
  err?: { type: string; message: string; stack?: string };
  data?: unknown;
}

/** The real program: moleculer-runner in a process of its own, with moleculer.config.ts. */
export interface Daemon {
  child: ChildProcess;
  /** Everything written so far, to either output. */
  output(): string;
  /** The lines of the log so far. */
  log(): LogLine[];
  /** Waits until a line of the log matches, and returns it. `after` passes over the first lines. */
  logged(pattern: RegExp, options?: { after?: number; limitMs?: number }): Promise<LogLine>;
  started(): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** Waits for the end; the exit code, or the signal that ended it. */
  exit(limitMs?: number): Promise<number | NodeJS.Signals>;
  /** Ends it in any case. */
  end(): Promise<void>;
}

export interface DaemonOptions {
  /** Files and folders of services, and the runner's own arguments such as `--hot`. */
  args: string[];
  env?: NodeJS.ProcessEnv;
  config?: string;
}

export function startDaemon({ args, env = {}, config = "moleculer.config.ts" }: DaemonOptions): Daemon {
  const runnerArgs = [RUNNER, "--config", config, "--mask", "**/*.service.ts", ...args];
  return daemonOf(
    spawn(process.execPath, ["--require", "tsx/cjs", ...runnerArgs], {
      cwd: ROOT,
      env: { ...process.env, WEIR_LOG_FORMAT: "json", WEIR_HTTP_PORT: "off", WEIR_NAMESPACE: "t", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
}

/** Follows a process that writes the gateway's log as JSON. */
export function daemonOf(child: ChildProcess): Daemon {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const closed = once(child, "close");
  const exited = () => child.exitCode !== null || child.signalCode !== null;
  const log = () => output.split("\n").flatMap(parseLine);
  const logged: Daemon["logged"] = async (pattern, { after = 0, limitMs } = {}) => {
    const find = () =>
      log()
        .slice(after)
        .find(({ msg }) => pattern.test(msg));
    await waitFor(() => find() ?? exited(), { what: `${pattern} in the log:\n${output}`, limitMs }).catch(
      () => undefined,
    );
    const line = find();
    if (!line)
      throw new Error(`${exited() ? "The process ended" : "Time went by"} without ${pattern}:\n${output}`);
    return line;
  };
  return {
    child,
    output: () => output,
    log,
    logged,
    started: () => logged(/ServiceBroker with .* started successfully/),
    kill: (signal) => void child.kill(signal),
    async exit(limitMs) {
      await waitFor(exited, { what: `the process to end:\n${output}`, limitMs });
      await closed;
      return child.exitCode ?? child.signalCode ?? -1;
    },
    async end() {
      if (!exited()) child.kill("SIGKILL");
      await closed;
    },
  };
}

/** Writes files into a folder: names to contents. */
export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, contents] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, contents);
  }
}

function parseLine(text: string): LogLine[] {
  try {
    return [JSON.parse(text) as LogLine];
  } catch {
    return [];
  }
}

/** Ends daemons in order: a group whose member was killed is only free after its session is over. */
export async function stopDaemons(daemons: readonly Daemon[]): Promise<void> {
  for (const daemon of daemons) daemon.kill("SIGTERM");
  await Promise.all(daemons.map((daemon) => daemon.exit()));
  await Promise.all(daemons.map((daemon) => daemon.end()));
}
