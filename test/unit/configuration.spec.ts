import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describeConfiguration } from "../../schemas/configuration/describe-configuration";
import { loadConfiguration, withServers } from "../../schemas/configuration/load-configuration";
import { unknownVariables } from "../../schemas/configuration/unknown-variables";
import { WeirError } from "../../schemas/errors";
import { temporaryFolder } from "../support";

/** What the error says when these variables are set. */
function refusal(env: NodeJS.ProcessEnv): string {
  try {
    loadConfiguration(env);
  } catch (error) {
    assert.ok(error instanceof WeirError);
    assert.equal(error.type, "WEIR_CONFIG_INVALID");
    return error.message;
  }
  throw new assert.AssertionError({ message: "The configuration was accepted." });
}

describe("configuration from the environment", () => {
  it("has working defaults when nothing is set", () => {
    assert.deepEqual(loadConfiguration({}, false), {
      nodeID: undefined,
      namespace: "weir",
      transporter: undefined,
      logLevel: "info",
      logFormat: "json",
      dataDir: path.resolve(".weir"),
      mongo: { url: "", database: "weir", indexPolicy: "warn" },
      kafka: { brokers: [], clientId: "weir", ssl: undefined, sasl: undefined },
      http: { host: "127.0.0.1", port: 3210 },
      topics: { prefix: "", shared: {}, create: true, partitions: 3, replicationFactor: 1 },
      groupPrefix: "weir.",
      chunk: {
        maxMessages: 1000,
        maxBytes: 1_048_576,
        maxRemoteBytes: 524_288,
        maxTransporterBytes: 1_048_576,
      },
      breaker: { failures: 50, probeMs: 5_000 },
      pluginGraceMs: 60_000,
      stuckAfterMs: 60_000,
      stopDeadlineMs: 20_000,
      eventTtlDays: 30,
      deadLetterTtlDays: 7,
      dlq: {
        policies: [],
        retryRate: 50,
        eventsTopic: undefined,
        mirrorTopic: undefined,
        alertLetters: 0,
        alertAgeHours: 0,
      },
      schemaDirs: [],
    });
  });

  it("reads lists, switches, numbers and shared topics", () => {
    const configuration = loadConfiguration({
      KAFKA_BROKERS: "one:9092, [::1]:9093",
      WEIR_HTTP_PORT: "off",
      WEIR_CREATE_TOPICS: "FALSE",
      WEIR_DEAD_LETTER_TTL_DAYS: "never",
      WEIR_SHARED_TOPICS: "commerce=order.placed, payment.captured; users=user.registered",
      WEIR_SCHEMA_DIRS: "test",
    });
    assert.deepEqual(configuration.kafka.brokers, ["one:9092", "[::1]:9093"]);
    assert.equal(configuration.http, null);
    assert.equal(configuration.topics.create, false);
    assert.equal(configuration.deadLetterTtlDays, "never");
    assert.deepEqual(configuration.topics.shared, {
      commerce: ["order.placed", "payment.captured"],
      users: ["user.registered"],
    });
    assert.deepEqual(configuration.schemaDirs, [path.resolve("test")]);
  });

  it("writes lines for people in a terminal, JSON elsewhere, and what is asked for in both", () => {
    assert.equal(loadConfiguration({}, true).logFormat, "pretty");
    assert.equal(loadConfiguration({}, false).logFormat, "json");
    assert.equal(loadConfiguration({ WEIR_LOG_FORMAT: "json" }, true).logFormat, "json");
  });

  it("takes a blank value for one that is not set", () => {
    assert.equal(loadConfiguration({ WEIR_DATABASE: " ", WEIR_HTTP_PORT: "" }).mongo.database, "weir");
  });

  it("names every wrong variable, what was expected and what came, in one message", () => {
    const message = refusal({
      KAFKA_BROKERS: "localhost",
      WEIR_HTTP_PORT: "70000",
      WEIR_LOG_LEVEL: "loud",
      WEIR_CREATE_TOPICS: "perhaps",
      WEIR_TOPIC_PARTITIONS: "2.5",
    });
    assert.match(
      message,
      /KAFKA_BROKERS: expected host:port; several are separated by commas; got "localhost"/,
    );
    assert.match(message, /WEIR_HTTP_PORT: expected a whole number from 0 to 65535, or "off"; got "70000"/);
    assert.match(message, /WEIR_LOG_LEVEL: expected one of trace, .*, fatal; got "loud"/);
    assert.match(message, /WEIR_CREATE_TOPICS: expected true or false; got "perhaps"/);
    assert.match(message, /WEIR_TOPIC_PARTITIONS: expected a whole number from 1 to 10000; got "2.5"/);
  });

  it("refuses shared topics that name a topic or an event type twice", () => {
    for (const written of [
      "a=order.placed;b=order.placed",
      "a=order.placed;a=user.registered",
      "a",
      "a=",
      "a b=c",
    ]) {
      assert.match(
        refusal({ WEIR_SHARED_TOPICS: written }),
        /WEIR_SHARED_TOPICS: expected topic=event\.type/,
      );
    }
  });

  it("reads retry policies from JSON or a file, and says where a wrong one is wrong", async () => {
    const policies = [
      { match: { group: "mails" }, retry: { kind: "exponential_backoff", limit: 3 } },
      { match: { event_type: "order.*" }, retry: { kind: "scheduled", at: "2026-01-01T03:00:00Z" } },
    ];
    assert.deepEqual(
      loadConfiguration({ WEIR_DLQ_POLICIES: JSON.stringify(policies) }).dlq.policies,
      policies,
    );
    const { folder, remove } = await temporaryFolder();
    const file = path.join(folder, "policies.json");
    writeFileSync(file, JSON.stringify(policies));
    assert.deepEqual(loadConfiguration({ WEIR_DLQ_POLICIES: file }).dlq.policies, policies);
    await remove();
    for (const [written, told] of [
      ["[{]", /neither JSON nor a file/],
      ["nowhere.json", /neither JSON nor a file/],
      ['{"match":{}}', /no list/],
      ['[{"match":{},"retry":{"kind":"sometimes"}}]', /\/0\/retry .*"kind"/],
      ['[{"match":{},"retry":{"kind":"immediate","limit":0}}]', /\/0\/retry\/limit must be >= 1/],
      ['[{"match":{"grup":"x"},"retry":{"kind":"manual"}}]', /\/0\/match .*"grup"/],
      ['[{"match":{"event_type":"*.*"},"retry":{"kind":"manual"}}]', /\/0\/match\/event_type/],
      ['[{"match":{},"retry":{"kind":"scheduled","at":"tonight"}}]', /\/0\/retry\/at must match/],
    ] as const) {
      assert.match(refusal({ WEIR_DLQ_POLICIES: written }), told);
    }
  });

  it("refuses folders and files that are not there", () => {
    assert.match(
      refusal({ WEIR_SCHEMA_DIRS: "test,nowhere" }),
      /WEIR_SCHEMA_DIRS: expected folders that exist/,
    );
    assert.match(
      refusal({ KAFKA_SSL_CA_FILE: "nowhere.pem" }),
      /KAFKA_SSL_CA_FILE: expected the path of a file/,
    );
  });

  it("refuses credentials that are only half there", () => {
    const message = refusal({ KAFKA_SASL_MECHANISM: "plain", KAFKA_SASL_USERNAME: "gateway" });
    assert.match(
      message,
      /KAFKA_SASL_PASSWORD: expected a value, because KAFKA_SASL_MECHANISM is set; got nothing/,
    );
    assert.match(refusal({ KAFKA_SSL_CERT_FILE: __filename }), /KAFKA_SSL_KEY_FILE: expected a value/);
  });

  it("connects with TLS when a certificate file is named", () => {
    const { ssl } = loadConfiguration({ KAFKA_SSL_CA_FILE: __filename }).kafka;
    assert.equal(ssl?.rejectUnauthorized, true);
    assert.match(ssl?.ca ?? "", /connects with TLS/);
  });

  it("shows no secret of a wrong value", () => {
    const message = refusal({
      MONGO_URL: "mongo://gateway:hush-hush@db/?x",
      WEIR_TRANSPORTER: "gateway:hush-hush@nats",
      KAFKA_SASL_PASSWORD: "hush-hush",
    });
    assert.match(message, /MONGO_URL: .* got "mongo:\/\/\*\*\*@db\/\?x"/);
    assert.match(message, /WEIR_TRANSPORTER: .* got "\*\*\*@nats"/);
    assert.doesNotMatch(message, /hush/);
  });

  it("takes several servers of NATS, and refuses one that is no URL", () => {
    const several = loadConfiguration({ WEIR_TRANSPORTER: "nats://a:4222, nats://b:4222" });
    assert.equal(several.transporter, "nats://a:4222,nats://b:4222");
    for (const wrong of ["nats://[nowhere:4222", "nats://a:4222,b:4222"])
      assert.match(refusal({ WEIR_TRANSPORTER: wrong }), /WEIR_TRANSPORTER: expected .* such as nats:/);
  });

  it("refuses a MongoDB password that is not percent-encoded, without showing it", () => {
    for (const password of ["hush@hush", "hush/hush"]) {
      const message = refusal({ MONGO_URL: `mongodb://gateway:${password}@db` });
      assert.match(message, /the password percent-encoded; got "mongodb:\/\/\*\*\*@db"/);
    }
  });

  it("is frozen to its last member", () => {
    const configuration = loadConfiguration({ KAFKA_BROKERS: "one:9092" });
    assert.throws(() => {
      configuration.topics.partitions = 1;
    }, TypeError);
    assert.throws(() => configuration.kafka.brokers.push("two:9092"), TypeError);
    const withEmbedded = withServers(configuration, { mongoUrl: "mongodb://127.0.0.1:1/" });
    assert.deepEqual(withEmbedded.kafka.brokers, ["one:9092"]);
    assert.equal(withEmbedded.mongo.url, "mongodb://127.0.0.1:1/");
    assert.ok(Object.isFrozen(withEmbedded.kafka.brokers));
  });

  it("is described without its secrets", () => {
    const described = JSON.stringify(
      describeConfiguration(
        loadConfiguration({
          MONGO_URL: "mongodb://gateway:hush-hush@db/",
          WEIR_TRANSPORTER: "nats://gateway:hush-hush@nats:4222",
          KAFKA_SASL_MECHANISM: "scram-sha-512",
          KAFKA_SASL_USERNAME: "gateway",
          KAFKA_SASL_PASSWORD: "hush-hush",
        }),
      ),
    );
    assert.doesNotMatch(described, /hush/);
    assert.match(described, /mongodb:\/\/gateway:\*\*\*@db\//);
    assert.match(described, /nats:\/\/gateway:\*\*\*@nats:4222/);
    assert.match(described, /"sasl":\{"mechanism":"scram-sha-512","username":"gateway"\}/);
  });

  it("points out misspelt variables, and leaves other programs' alone", () => {
    assert.deepEqual(
      unknownVariables({
        WEIR_DATABSE: "x",
        WEIR_HTTP_PROT: "1",
        MONGODB_URI: "x",
        KAFKA_BROKER: "x",
        KAFKA_HEAP_OPTS: "-Xmx1g",
        MONGO_INITDB_ROOT_USERNAME: "root",
        WEIR_DATABASE: "x",
        PATH: "/bin",
      }),
      [
        { variable: "WEIR_DATABSE", nearest: "WEIR_DATABASE" },
        { variable: "WEIR_HTTP_PROT", nearest: "WEIR_HTTP_PORT" },
        { variable: "MONGODB_URI", nearest: "MONGO_URL" },
        { variable: "KAFKA_BROKER", nearest: "KAFKA_BROKERS" },
      ],
    );
  });
});
