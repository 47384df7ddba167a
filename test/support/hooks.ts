import path from "node:path";
import type { Runner, Suite } from "mocha";
import { acquireServers, type EmbeddedServers } from "../../services/embedded/embedded-servers";
import { findLeftovers } from "./leftovers";
import { RUN_VARIABLE, run } from "./run";
import { waitFor } from "./wait-for";

// Timers that outlive the tests keep the process; after this time their kinds are printed, and the run fails.
const EXIT_LIMIT_MS = 10_000;

let withServers = false;
let servers: EmbeddedServers | undefined;

/** Mocha calls it once before the first spec: unit tests run without any server. */
export async function mochaGlobalSetup(this: Runner): Promise<void> {
  withServers = hasIntegrationSpec(this.suite);
  if (withServers) await startServers();
  // Set after the servers have started: they may outlive this run and are not its leftovers.
  process.env[RUN_VARIABLE] = run;
}

export async function mochaGlobalTeardown(this: Runner): Promise<void> {
  let found: string[] = [];
  // A topic's deletion and a child's exit take a moment.
  await waitFor(
    async () => {
      found = await findLeftovers(withServers);
      return found.length === 0;
    },
    { what: "nothing to be left over", limitMs: 5000, everyMs: 250 },
  ).catch(() => undefined);
  await servers?.release();
  watchTheExit();
  if (found.length > 0) {
    // Mocha turns it into a failed run.
    throw new Error(`This run left behind:\n${found.map((line) => `  ${line}`).join("\n")}`);
  }
}

/** Given servers are used; the embedded ones stand in for what is not given. */
async function startServers(): Promise<void> {
  servers = await acquireServers({
    dataDir: process.env.WEIR_DATA_DIR ?? ".weir",
    kafka: !process.env.KAFKA_BROKERS,
    mongo: !process.env.MONGO_URL,
  });
  process.env.KAFKA_BROKERS ??= servers.brokers?.join(",");
  process.env.MONGO_URL ??= servers.mongoUrl;
}

function hasIntegrationSpec(root: Suite): boolean {
  const mark = `${path.sep}integration${path.sep}`;
  return root.suites.some((suite) => suite.file?.includes(mark));
}

function watchTheExit(): void {
  const timer = setTimeout(() => {
    console.error(
      `\nThe tests ended ${EXIT_LIMIT_MS / 1000} s ago, and the process is kept alive by: ` +
        `${process.getActiveResourcesInfo().join(", ")}`,
    );
    // Mocha's own listener sets the code to the number of failed tests: this one runs after it.
    process.on("exit", () => {
      process.exitCode = 1;
    });
    process.exit(1);
  }, EXIT_LIMIT_MS);
  // Unreferenced: it fires only if something else keeps the loop.
  timer.unref();
}
