import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cpSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { Configuration } from "../../schemas/configuration/configuration";
import { createSpace, type Space, temporaryFolder, waitFor } from "../support";
import { type Daemon, daemonOf } from "../support/daemon";

const ROOT = path.resolve(__dirname, "../..");
const SOURCES = [
  "moleculer.config.ts",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "mixins",
  "schemas",
  "services",
];
const BUILD_LIMIT_MS = 120_000;

describe("the built gateway", () => {
  let folder: string;
  let remove: () => Promise<void>;
  let space: Space;
  let daemon: Daemon | undefined;

  before(async function () {
    this.timeout(BUILD_LIMIT_MS);
    ({ folder, remove } = await temporaryFolder());
    for (const name of SOURCES) cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
    symlinkSync(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
    await run("npm", ["run", "build"]);
    space = await createSpace();
  });
  after(async () => {
    await daemon?.end();
    await space?.close();
    await remove();
  });

  /** What a command in the folder writes; its failure shows that too. */
  async function run(command: string, args: string[]): Promise<string> {
    const ran = await promisify(execFile)(command, args, { cwd: folder }).catch((error) => error);
    assert.ok(!(ran instanceof Error), `${command} ${args.join(" ")}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }

  it("runs on plain Node.js under npm, without its sources, and stops on SIGTERM with 0", async () => {
    for (const name of ["services", "schemas", "mixins"])
      rmSync(path.join(folder, name), { recursive: true });
    daemon = daemonOf(
      spawn("npm", ["run", "start:production"], {
        cwd: folder,
        env: {
          ...process.env,
          ...environmentOf(space.configuration),
          WEIR_HTTP_PORT: "0",
          WEIR_LOG_FORMAT: "json",
        },
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
    const { msg } = await daemon.logged(/^Answers on/);
    const address = /http:\/\/\S+:\d+/.exec(msg)?.[0];
    assert.equal((await fetch(`${address}/livez`)).status, 200);
    await daemon.logged(/^ready/);
    await waitFor(async () => (await fetch(`${address}/readyz`)).ok, { what: "readiness" });
    daemon.kill("SIGTERM");
    assert.equal(await daemon.exit(), 0, daemon.output());
    await daemon.logged(/everything in hand was finished/);
  });

  it("offers its mixins and schemas to packages of plugins, with their types", async () => {
    const plugin = `
      import { eventHandler } from "weir/mixins/event-handler.mixin";
      import type { Delivery } from "weir/schemas/delivery";
      export const offset = (delivery: Delivery): string => delivery.offset;
      console.log(typeof eventHandler);`;
    writeFileSync(path.join(folder, "plugin.ts"), plugin);
    const options = [
      "--module",
      "node16",
      "--skipLibCheck",
      "--esModuleInterop",
      "--types",
      "node",
      "--strict",
    ];
    await run("npx", ["tsc", ...options, "plugin.ts"]);
    const stdout = await run("node", ["plugin.js"]);
    assert.equal(stdout, "function\n");
  });
});

/** The variables that make a gateway stay within a space. */
function environmentOf({ namespace, kafka, mongo, topics, groupPrefix }: Configuration): NodeJS.ProcessEnv {
  return {
    WEIR_NAMESPACE: namespace,
    KAFKA_CLIENT_ID: kafka.clientId,
    WEIR_DATABASE: mongo.database,
    WEIR_TOPIC_PREFIX: topics.prefix,
    WEIR_GROUP_PREFIX: groupPrefix,
  };
}
