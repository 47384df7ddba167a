import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, symlink } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { acquireServers, type EmbeddedServers } from "../../services/embedded/embedded-servers";
import { MINIMUM_LIFE_MS } from "../../services/embedded/kept-servers";
import type { ServersFile } from "../../services/embedded/servers-file";
import {
  adminClient,
  kafkaClient,
  mongoClient,
  otherProcesses,
  produce,
  temporaryFolder,
  waitFor,
} from "../support";

const PROGRAM = path.resolve("services/embedded/servers.ts");
const programsDir = path.resolve(process.env.WEIR_DATA_DIR ?? ".weir", "programs");

describe("embedded servers", () => {
  let dataDir: string;
  let remove: () => Promise<void>;
  const held: EmbeddedServers[] = [];
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    ({ folder: dataDir, remove } = await temporaryFolder());
    // The programs themselves are shared with every other use of this tree.
    await mkdir(programsDir, { recursive: true });
    await symlink(programsDir, path.join(dataDir, "programs"));
  });

  afterEach(async () => {
    for (const servers of held.splice(0)) await servers.release();
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await nothingRuns();
    await remove();
  });

  it("start on an empty folder, serve everyone who asks, and stop when the last has let go", async () => {
    const lines: string[] = [];
    const first = await acquire({ onProgress: (line) => lines.push(line) });
    const second = await acquire();

    assert.deepEqual([second.brokers, second.mongoUrl], [first.brokers, first.mongoUrl]);
    assert.deepEqual(lines, ["Starting Kafka and MongoDB …"]);

    await first.release();
    await roundTrip(second);
    assert.equal((await file())?.mongo?.url, second.mongoUrl);

    await second.release();
    await nothingRuns();
    assert.equal(await file(), null);
  });

  it("keep addresses and data from one start to the next", async () => {
    const before = await acquire();
    await roundTrip(before);
    await before.release();
    await nothingRuns();

    const after = await acquire();

    assert.deepEqual([after.brokers, after.mongoUrl], [before.brokers, before.mongoUrl]);
    assert.deepEqual(await kept(after), { messages: 1, documents: 1 });
  });

  it("move to another port when theirs is taken, and keep their data", async () => {
    const before = await acquire();
    await roundTrip(before);
    await before.release();
    await nothingRuns();
    const occupants = await Promise.all([
      occupy(portOf(before.mongoUrl)),
      occupy(portOf(before.brokers?.[0])),
    ]);

    const after = await acquire();

    assert.notEqual(after.mongoUrl, before.mongoUrl);
    assert.notDeepEqual(after.brokers, before.brokers);
    assert.deepEqual(await kept(after), { messages: 1, documents: 1 });
    for (const occupant of occupants) occupant.close();
  });

  it("start only what is asked for, and the rest when somebody asks for that", async () => {
    const kafkaOnly = await acquire({ mongo: false });
    assert.equal(kafkaOnly.mongoUrl, undefined);
    assert.equal((await file())?.mongo, undefined);

    const both = await acquire();

    assert.deepEqual(both.brokers, kafkaOnly.brokers);
    await roundTrip(both);
  });

  it("are started once by two first users at once, and stop when both are killed", async () => {
    const users = [run(), run()];
    const outputs = await Promise.all(users.map(untilStarted));

    assert.deepEqual(addressesIn(outputs[0]), addressesIn(outputs[1]));
    for (const program of ["kafka.Kafka", "--dbpath", "keeper."]) {
      const found = processesHere().filter(
        ({ command }) => command.includes(program) && !command.includes("watchdog"),
      );
      assert.equal(found.length, 1, program);
    }

    for (const user of users) user.kill("SIGKILL");
    await nothingRuns();
    assert.equal(await file(), null);
  });

  it("stop after a Ctrl-C in the terminal of their only user", async () => {
    const user = run();
    await untilStarted(user);

    // A terminal signals the whole group.
    process.kill(-(user.pid ?? 0), "SIGINT");

    assert.deepEqual(await once(user, "exit"), [0, null]);
    await nothingRuns();
  });

  it("leave nothing behind when their keeper is killed; their users are told, and the next start works", async () => {
    let lost = false;
    const servers = await acquire({
      onLost: () => {
        lost = true;
      },
    });
    await roundTrip(servers);

    await killKeeper();
    await nothingRuns();

    await waitFor(() => lost, { what: "the user to be told" });
    assert.deepEqual(await kept(await acquire()), { messages: 1, documents: 1 });
  });

  it("that a killed keeper and killed watchdogs left behind are stopped by the next start", async () => {
    await acquire();
    const before = await file();
    const watchdogs = processesHere().filter(({ command }) => command.includes("watchdog"));
    assert.equal(watchdogs.length, 2);

    // The watchdogs first: the keeper would notice, so it is frozen.
    process.kill(before?.keeper.pid ?? 0, "SIGSTOP");
    for (const { pid } of watchdogs) process.kill(pid, "SIGKILL");
    await killKeeper();

    const after = await acquire();

    assert.equal(after.mongoUrl, before?.mongo?.url);
    const running = processesHere().map(({ pid }) => pid);
    assert.ok(!running.includes(before?.mongo?.pid ?? 0) && !running.includes(before?.kafka?.pid ?? 0));
  });

  it("outlive the crash of one of them, which is started again for the next user", async () => {
    await acquire();
    const before = await file();
    process.kill(before?.mongo?.pid ?? 0, "SIGKILL");
    await waitFor(async () => !(await file())?.mongo, { what: "the keeper to notice that MongoDB is gone" });

    const next = await acquire();

    assert.equal(next.mongoUrl, before?.mongo?.url);
    await roundTrip(next);
    assert.equal((await file())?.kafka?.pid, before?.kafka?.pid);
  });

  it("outlive the crash of one that has run for long, which is brought back by itself; who asks meanwhile waits", async () => {
    const { mongoUrl } = await acquire();
    const mongo = await mongoClient(mongoUrl);
    await waitFor(
      async () => (await mongo.db("admin").command({ serverStatus: 1 })).uptime > MINIMUM_LIFE_MS / 1_000,
      {
        what: "MongoDB to have run for long",
      },
    );
    await mongo.close();
    const before = await file();
    process.kill(before?.mongo?.pid ?? 0, "SIGKILL");
    await waitFor(async () => !(await file())?.mongo, { what: "the keeper to notice that MongoDB is gone" });

    const next = await acquire();

    assert.notEqual((await file())?.mongo?.pid, before?.mongo?.pid);
    assert.equal(next.mongoUrl, mongoUrl);
    await roundTrip(next);
  });

  it("that cannot start for want of Java say so in one line", async () => {
    const { output, code } = await runToEnd({ PATH: path.dirname(process.execPath), JAVA_HOME: "" });

    assert.match(output, /^The embedded Kafka needs Java 17 or later, .* or set KAFKA_BROKERS [^\n]*\n$/);
    assert.equal(code, 1);
  });

  async function acquire(
    options: Partial<Parameters<typeof acquireServers>[0]> = {},
  ): Promise<EmbeddedServers> {
    const servers = await acquireServers({
      dataDir,
      kafka: true,
      mongo: true,
      onProgress: () => undefined,
      ...options,
    });
    held.push(servers);
    return servers;
  }

  /** `npm run servers` on this spec's folder, in a process group of its own. */
  function run(env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), PROGRAM], {
      env: { ...process.env, ...env, WEIR_DATA_DIR: dataDir },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    children.push(child);
    return child;
  }

  async function runToEnd(env: NodeJS.ProcessEnv): Promise<{ output: string; code: number | null }> {
    const child = run(env);
    const output = outputOf(child);
    const [code] = await once(child, "close");
    return { output: output(), code };
  }

  async function untilStarted(child: ChildProcess): Promise<string> {
    const output = outputOf(child);
    await waitFor(() => output().includes("Ctrl-C"), { what: "the servers' addresses", limitMs: 60_000 });
    return output();
  }

  async function file(): Promise<ServersFile | null> {
    const name = path.join(dataDir, "servers.json");
    return existsSync(name) ? JSON.parse(await readFile(name, "utf8")) : null;
  }

  async function killKeeper(): Promise<void> {
    process.kill((await file())?.keeper.pid ?? 0, "SIGKILL");
  }

  function processesHere() {
    return otherProcesses().filter(({ command }) => command.includes(dataDir));
  }

  async function nothingRuns(): Promise<void> {
    await waitFor(() => processesHere().length === 0, {
      what: "the servers and their keeper to be gone",
      limitMs: 30_000,
    });
  }
});

/** Writes one message and one document in a transaction, as the gateway does. */
async function roundTrip({ brokers, mongoUrl }: EmbeddedServers): Promise<void> {
  const admin = await adminClient(brokers);
  await admin.createTopics({ topics: [{ topic: "kept", numPartitions: 1 }] });
  await admin.disconnect();
  const producer = kafkaClient(brokers).producer();
  await producer.connect();
  await produce("kept", [{ value: "a message" }], producer);
  await producer.disconnect();

  const mongo = await mongoClient(mongoUrl);
  const session = mongo.startSession();
  await session.withTransaction(async () => {
    await mongo.db("kept").collection("documents").insertOne({ kept: true }, { session });
  });
  session.endSession();
  await mongo.close();
}

async function kept({
  brokers,
  mongoUrl,
}: EmbeddedServers): Promise<{ messages: number; documents: number }> {
  const admin = await adminClient(brokers);
  const [partition] = await admin.fetchTopicOffsets("kept");
  await admin.disconnect();
  const mongo = await mongoClient(mongoUrl);
  const documents = await mongo.db("kept").collection("documents").countDocuments();
  await mongo.close();
  return { messages: Number(partition?.high), documents };
}

function outputOf(child: ChildProcess): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (data) => {
      output += data;
    });
  }
  return () => output;
}

function addressesIn(output: string | undefined): string[] {
  return output?.match(/127\.0\.0\.1:\d+/g) ?? [];
}

function portOf(address: string | undefined): number {
  return Number(/:(\d+)/.exec(address ?? "")?.[1]);
}

async function occupy(port: number): Promise<net.Server> {
  const server = net.createServer((socket) => socket.destroy());
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
