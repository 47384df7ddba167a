import assert from "node:assert/strict";
import path from "node:path";
import { temporaryFolder, waitFor } from "../support";
import { type Daemon, type DaemonOptions, startDaemon, writeFiles } from "../support/daemon";

const ROOT = path.resolve(__dirname, "../..");
const DRAIN = JSON.stringify(path.join(ROOT, "services/runtime/drain"));
const ERRORS = JSON.stringify(path.join(ROOT, "schemas/errors"));

/** A service file whose hooks are the given code. */
function service(name: string, hooks: { started?: string; stopped?: string }): string {
  return `
    import { onDrain } from ${DRAIN};
    import { WeirError } from ${ERRORS};
    export default {
      name: "${name}",
      async started() { ${hooks.started ?? ""} },
      async stopped() { ${hooks.stopped ?? ""} },
    };`;
}

describe("the gateway's process", () => {
  let folder: string;
  let remove: () => Promise<void>;
  let daemon: Daemon | undefined;
  let folders = 0;

  before(async () => {
    ({ folder, remove } = await temporaryFolder());
  });
  after(() => remove());
  afterEach(() => daemon?.end());

  function start(files: Record<string, string>, options: Partial<DaemonOptions> = {}): Daemon {
    folders += 1;
    const services = path.join(folder, String(folders));
    writeFiles(services, files);
    daemon = startDaemon({ args: [services], ...options });
    return daemon;
  }

  it("stops on SIGTERM in order: drain, services, exit with 0", async () => {
    const gateway = start({
      "worker.service.ts": service("worker", {
        started: `onDrain(this.broker, "work", async (deadline) => {
          this.logger.info("draining " + (deadline > Date.now()));
          await this.broker.call("store.save");
          this.logger.info("drained");
        });`,
        stopped: `this.logger.info("worker stopped");`,
      }),
      "store.service.ts": `export default {
        name: "store",
        actions: { save() { this.logger.info("saved"); } },
        stopped() { this.logger.info("store stopped"); },
      };`,
    });
    await gateway.started();
    gateway.kill("SIGTERM");
    assert.equal(await gateway.exit(), 0);
    const steps = gateway.log().map(({ msg }) => msg);
    const stopped = steps.filter((msg) => / stopped$/.test(msg)).sort();
    assert.deepEqual(
      steps.filter((msg) => /^(draining|saved|drained)/.test(msg)),
      ["draining true", "saved", "drained"],
    );
    assert.deepEqual(stopped, ["store stopped", "worker stopped"]);
    assert.ok(steps.indexOf("drained") < steps.indexOf("store stopped"));
    assert.equal(steps.at(-1), "Stopped; everything in hand was finished.");
  });

  it("takes the two SIGINTs of a Ctrl-C under npm for one", async () => {
    const gateway = start({
      "worker.service.ts": service("worker", {
        started: `onDrain(this.broker, "work", async () => {
          this.logger.info("draining");
          await new Promise((resolve) => process.once("SIGUSR2", resolve));
        });`,
      }),
    });
    await gateway.started();
    gateway.kill("SIGINT");
    await gateway.logged(/^draining/);
    gateway.kill("SIGINT");
    gateway.kill("SIGUSR2");
    assert.equal(await gateway.exit(), 0);
    assert.equal(gateway.log().filter(({ msg }) => msg === "draining").length, 1);
  });

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    it(`exits at once with ${code} when ${signal} is repeated later`, async () => {
      const gateway = start({
        "worker.service.ts": service("worker", {
          started: `onDrain(this.broker, "work", () => new Promise(() => undefined));`,
        }),
      });
      await gateway.started();
      const insist = () => {
        gateway.kill(signal);
        return gateway.child.exitCode !== null;
      };
      await waitFor(insist, { what: "the end" });
      assert.equal(await gateway.exit(), code);
      assert.match(gateway.log().at(-1)?.msg ?? "", /exiting at once/);
    });
  }

  it("exits with 1, and says what was not finished, when a drain takes too long", async () => {
    const gateway = start(
      {
        "worker.service.ts": service("worker", {
          started: `onDrain(this.broker, "work", () => new Promise(() => undefined));`,
        }),
      },
      { env: { WEIR_STOP_DEADLINE_MS: "1000" } },
    );
    await gateway.started();
    gateway.kill("SIGTERM");
    assert.equal(await gateway.exit(), 1);
    assert.equal(gateway.log().at(-1)?.msg, "Stopped, but not finished: work: its time was up.");
  });

  it("exits with 1 when a service never stops", async () => {
    const gateway = start(
      { "worker.service.ts": service("worker", { stopped: "await new Promise(() => undefined);" }) },
      { env: { WEIR_STOP_DEADLINE_MS: "1000" } },
    );
    await gateway.started();
    gateway.kill("SIGTERM");
    assert.equal(await gateway.exit(), 1);
    assert.match(gateway.log().at(-1)?.msg ?? "", /not finished: the services did not stop within 1 s/);
  });

  it("exits with 1 when a step of the stop fails", async () => {
    const gateway = start({
      "a.service.ts": service("a", {
        started: `onDrain(this.broker, "a", async () => { throw new Error("no way"); });`,
      }),
      "b.service.ts": service("b", { stopped: `throw new Error("stuck");` }),
    });
    await gateway.started();
    gateway.kill("SIGTERM");
    assert.equal(await gateway.exit(), 1);
    const last = gateway.log().at(-1)?.msg ?? "";
    assert.match(last, /a: no way/);
    assert.match(last, /stuck/);
  });

  const failing = (code: string) =>
    service("worker", {
      started: `
        onDrain(this.broker, "work", async () => { this.logger.info("drained"); });
        this.broker.localBus.on("$broker.started", () => { ${code} });`,
    });

  it("logs an exception that nobody caught as fatal, drains, and exits with 1", async () => {
    const gateway = start({
      "worker.service.ts": failing(`setTimeout(() => { throw new Error("boom"); });`),
    });
    assert.equal(await gateway.exit(), 1);
    const fatal = gateway.log().find(({ level }) => level === "fatal");
    assert.match(fatal?.err?.stack ?? "", /boom/);
    await gateway.logged(/^drained/);
  });

  it("logs a rejection that nobody handled, and goes on: one plugin's slip is not the others' end", async () => {
    const gateway = start({ "worker.service.ts": failing(`Promise.reject(new Error("boom"));`) });
    const told = await gateway.logged(/nobody handled/);
    assert.match(told.err?.stack ?? "", /boom/);
    gateway.kill("SIGTERM");
    assert.equal(await gateway.exit(), 0);
  });

  it("can be interrupted while a service still waits for its server", async () => {
    const gateway = start({
      "waiter.service.ts": service("waiter", {
        started: `this.logger.info("waiting"); await new Promise(() => undefined);`,
        stopped: `this.logger.info("gave up");`,
      }),
    });
    await gateway.logged(/^waiting/);
    gateway.kill("SIGINT");
    assert.equal(await gateway.exit(), 0);
    await gateway.logged(/^gave up/);
  });

  it("tells why a service could not start, without a stack, lets go of the others and exits with 1", async () => {
    const gateway = start({
      "good.service.ts": service("good", { stopped: `this.logger.info("good stopped");` }),
      "bad.service.ts": service("bad", {
        started: `throw new WeirError("WEIR_MONGO_REFUSED", "MongoDB refuses the password: set another in MONGO_URL.");`,
      }),
    });
    assert.equal(await gateway.exit(), 1);
    await gateway.logged(/good stopped/);
    const told = gateway.log().filter(({ msg }) => msg.includes("MongoDB refuses the password"));
    assert.equal(told.length, 1);
    assert.match(told[0]?.msg ?? "", /set another in MONGO_URL\. \(WEIR_MONGO_REFUSED\)$/);
    assert.doesNotMatch(gateway.output(), /^\s+at /m);
    assert.doesNotMatch(gateway.output(), /\\n\s+at /);
  });

  it("tells once which service file cannot be loaded, and exits with 1", async () => {
    const gateway = start({ "typo.service.ts": "export default { name: " });
    assert.equal(await gateway.exit(), 1);
    const told = gateway.output().match(/ERROR: Unexpected end of file/g);
    // In the error's message and in its stack, of one line.
    assert.equal(told?.length, 2);
    assert.match(gateway.log().at(-1)?.msg ?? "", /^Failed to load service '.*typo\.service\.ts'/);
  });

  it("refuses wrong settings in plain words and exits with 1", async () => {
    const gateway = start({}, { env: { WEIR_HTTP_PORT: "http", KAFKA_BROKERS: "nowhere" } });
    assert.equal(await gateway.exit(), 1);
    assert.equal(
      gateway.output(),
      "WEIR_CONFIG_INVALID: The configuration is invalid:\n" +
        '  KAFKA_BROKERS: expected host:port; several are separated by commas; got "nowhere"\n' +
        '  WEIR_HTTP_PORT: expected a whole number from 0 to 65535, or "off"; got "http"\n',
    );
  });

  it("points out variables that have no effect, or one that nobody meant", async () => {
    const env = { WEIR_DATABSE: "x", NAMESPACE: "kubernetes", MOL_LOGLEVEL: "info" };
    const gateway = start({ "idle.service.ts": service("idle", {}) }, { env });
    await gateway.started();
    const warnings = gateway.log().filter(({ level }) => level === "warn");
    assert.deepEqual(
      warnings.map(({ msg }) => msg.split(" ")[0]),
      ["WEIR_DATABSE", "NAMESPACE", "MOL_LOGLEVEL"],
    );
    assert.match(warnings[0]?.msg ?? "", /Was WEIR_DATABASE meant\?/);
  });

  it("says where everything is once the bridge is ready", async () => {
    const gateway = start(
      {
        "bridge.service.ts": service("bridge", {
          started: `this.broker.broadcastLocal("bridge.ready", { groups: ["orders", "events"] });`,
        }),
      },
      {
        env: {
          WEIR_NODE_ID: "gate-1",
          KAFKA_BROKERS: "k1:9092,k2:9092",
          MONGO_URL: "mongodb://gateway:hush-hush@db/",
          WEIR_HTTP_PORT: "3999",
        },
      },
    );
    const { msg } = await gateway.logged(/^ready/);
    assert.equal(
      msg,
      "ready: node gate-1, Kafka k1:9092,k2:9092, MongoDB mongodb://gateway:***@db/ (database weir), " +
        "health http://127.0.0.1:3999/readyz, 2 plugins",
    );
  });
});
