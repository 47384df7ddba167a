import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { median } from "../report/statistics";
import { terminalTable } from "../report/tables";
import type { Session } from "../session/session";
import { temporaryUntilExit } from "../session/temporary";

const ROOT = process.cwd();
const RUNNER = path.join(ROOT, "node_modules/moleculer/bin/moleculer-runner.js");
const LIMIT_MS = 120_000;

interface Boot {
  title: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** The line of the log that says it is ready. */
  ready: RegExp;
}

/** From the start of the process to ready, with the servers up, in turn: a bare Moleculer broker and the gateway. */
export async function measureColdBoots(session: Session, rounds: number): Promise<string> {
  const folder = temporaryUntilExit("boot");
  const names: string[] = [];
  const boots = bootsOf(session, folder, names);
  const times = new Map(boots.map(({ title }) => [title, [] as number[]]));
  try {
    // The first round finds an empty database and no topics: it creates what the others find.
    for (let round = 0; round <= rounds; round += 1) {
      for (const boot of boots) times.get(boot.title)?.push(await bootTime(boot));
    }
  } finally {
    for (const name of names) {
      await session.deleteTopics(`${name}.`);
      await session.forget(name);
    }
  }
  const rows = [...times].map(([title, [first = Number.NaN, ...others]]) => {
    console.log(JSON.stringify({ boot: title, firstMs: first, ms: others }));
    return [title, `${first.toFixed(0)} ms`, `${median(others).toFixed(0)} ms`];
  });
  return terminalTable(["cold boot to ready", "the first", `median of ${rounds} more`], rows);
}

function bootsOf(session: Session, folder: string, names: string[]): Boot[] {
  const bare = path.join(folder, "bare.service.js");
  writeFileSync(bare, 'module.exports = { name: "bare", actions: { ping: () => "pong" } };\n');
  const gateway = (): NodeJS.ProcessEnv => {
    const name = session.name();
    names.push(name);
    return {
      KAFKA_BROKERS: session.brokers.join(","),
      MONGO_URL: session.mongoUrl,
      WEIR_DATABASE: name,
      WEIR_TOPIC_PREFIX: `${name}.`,
      WEIR_GROUP_PREFIX: `${name}.`,
      WEIR_NAMESPACE: name,
      WEIR_HTTP_PORT: "off",
      WEIR_LOG_FORMAT: "json",
    };
  };
  const started = /ServiceBroker with \d+ service\(s\) started/;
  const ready = /"msg":"ready: /;
  const sources = ["--config", "moleculer.config.ts", "--mask", "**/*.service.ts", "services"];
  const samples = "!dist/services/samples/**";
  const built = [
    "--config",
    "dist/moleculer.config.js",
    "--mask",
    "**/*.service.js",
    "dist/services",
    samples,
  ];
  return [
    { title: "a bare Moleculer broker, one service", args: [RUNNER, bare], env: {}, ready: started },
    {
      title: "the gateway and its sample plugins, from sources (npm start)",
      args: ["--require", "tsx/cjs", RUNNER, ...sources],
      env: gateway(),
      ready,
    },
    ...(existsSync(path.join(ROOT, "dist/moleculer.config.js"))
      ? [
          {
            title: "the gateway, as built (npm run start:production)",
            args: [RUNNER, ...built],
            env: { ...gateway(), NODE_ENV: "production" },
            ready,
          },
        ]
      : []),
  ];
}

/** Starts a process, waits for its line, ends it in order → milliseconds from start to line. */
async function bootTime({ title, args, env, ready }: Boot): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  try {
    let took: number | undefined;
    const said: string[] = [];
    // Read to its end: a pipe that nobody empties would stop the process.
    for await (const line of readline.createInterface({ input: child.stdout })) {
      if (took === undefined) said.push(line);
      if (took !== undefined || !ready.test(line)) continue;
      took = performance.now() - begin;
      child.kill("SIGTERM");
    }
    await closed;
    if (took === undefined)
      throw new Error(`${title} was not ready within ${LIMIT_MS} ms:\n${said.join("\n")}`);
    return took;
  } finally {
    clearTimeout(limit);
    process.off("exit", kill);
  }
}
