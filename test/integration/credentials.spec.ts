import assert from "node:assert/strict";
import type { PrivateServers } from "../../services/embedded/private-servers";
import { createSpace, mongoClient, privateServers, type Space } from "../support";
import { type Daemon, SERVICES, startDaemon } from "../support/daemon";
import { daemonEnvironment } from "../support/daemon-environment";
import { freePort } from "../support/free-port";

/** Servers that ask for a password: the right one works, a wrong one is told apart and stops the start, none is ever shown. */
describe("credentials", () => {
  let servers: PrivateServers;
  let space: Space;
  let saslPort: number;
  let daemon: Daemon | undefined;

  before(async () => {
    saslPort = await freePort();
    const jaas =
      'org.apache.kafka.common.security.plain.PlainLoginModule required username="weir" password="right-word" user_weir="right-word";';
    servers = await privateServers({
      kafkaSettings: (settings) => ({
        ...settings,
        listeners: `${settings.listeners},SASL_PLAINTEXT://127.0.0.1:${saslPort}`,
        "advertised.listeners": `${settings["advertised.listeners"]},SASL_PLAINTEXT://127.0.0.1:${saslPort}`,
        "listener.security.protocol.map": `${settings["listener.security.protocol.map"]},SASL_PLAINTEXT:SASL_PLAINTEXT`,
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config": jaas,
      }),
    });
    space = await createSpace({ mongo: { url: servers.mongoUrl }, kafka: { brokers: servers.brokers } });
  });
  afterEach(async () => {
    daemon?.kill("SIGTERM");
    await daemon?.exit();
    daemon = undefined;
  });
  after(async () => {
    await space?.close();
    await servers?.close();
  });

  function start(env: NodeJS.ProcessEnv): Daemon {
    daemon = startDaemon({ args: SERVICES, env: { ...daemonEnvironment(space.configuration), ...env } });
    return daemon;
  }

  const kafka = (password: string) => ({
    KAFKA_BROKERS: `127.0.0.1:${saslPort}`,
    KAFKA_SASL_MECHANISM: "plain",
    KAFKA_SASL_USERNAME: "weir",
    KAFKA_SASL_PASSWORD: password,
  });

  it("the right ones for Kafka: the gateway is ready", async () => {
    const gateway = start(kafka("right-word"));
    await gateway.logged(/^ready/, { limitMs: 40_000 });
    assert.ok(!gateway.output().includes("right-word"));
  });

  it("wrong ones for Kafka: a clear line, exit code 1", async () => {
    const gateway = start(kafka("wrong-word"));
    assert.equal(await gateway.exit(), 1);
    assert.match(gateway.output(), /WEIR_KAFKA_REFUSED/);
    assert.match(gateway.output(), /KAFKA_SASL_PASSWORD/);
    assert.ok(!gateway.output().includes("wrong-word"));
  });

  it("wrong ones for MongoDB: a clear line, exit code 1", async () => {
    const admin = await mongoClient(servers.mongoUrl);
    await admin.db("admin").command({ createUser: "weir", pwd: "right-word", roles: ["root"] });
    await admin.close();
    const gateway = start({
      MONGO_URL: servers.mongoUrl.replace("mongodb://", "mongodb://weir:wrong-word@"),
    });
    assert.equal(await gateway.exit(), 1);
    assert.match(gateway.output(), /WEIR_MONGO_REFUSED/);
    assert.match(gateway.output(), /MONGO_URL/);
    assert.ok(!gateway.output().includes("wrong-word"));
  });
});
