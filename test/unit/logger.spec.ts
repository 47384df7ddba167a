import assert from "node:assert/strict";
import { ServiceBroker } from "moleculer";
import { loadConfiguration } from "../../schemas/configuration/load-configuration";
import { WeirError } from "../../schemas/errors";
import { brokerLogger } from "../../services/runtime/logger";

type Line = Record<string, unknown> & {
  msg: string;
  err?: { type: string; message: string; stack?: string };
};

/** A broker's logger with these settings, and what it has written. */
function listen(env: NodeJS.ProcessEnv = {}): {
  logger: ReturnType<ServiceBroker["getLogger"]>;
  lines: Line[];
  texts: string[];
} {
  const texts: string[] = [];
  const logger = brokerLogger(loadConfiguration(env), { write: (line: string) => texts.push(line) });
  const broker = new ServiceBroker({ logger });
  texts.length = 0;
  return {
    logger: broker.getLogger("test"),
    texts,
    get lines() {
      return texts.map((text) => JSON.parse(text) as Line);
    },
  };
}

describe("the log", () => {
  it("keeps an error that follows a message, with its stack and its cause", () => {
    const log = listen();
    log.logger.error("failed", new Error("no disk", { cause: new Error("worn out") }));
    const [line] = log.lines;
    assert.equal(line?.msg, "failed");
    assert.match(line?.err?.message ?? "", /no disk: worn out/);
    assert.match(
      line?.err?.stack ?? "",
      /Error: no disk\n\s+at .*logger\.spec\.ts[\s\S]*caused by: Error: worn out/,
    );
  });

  it("keeps objects and further words that follow a message", () => {
    const log = listen();
    log.logger.info("moved", 3, "letters", { to: "orders" }, ["a"], undefined);
    log.logger.info("at 100%d", { one: 1 });
    const [first, second] = log.lines;
    assert.equal(first?.msg, "moved 3 letters");
    assert.deepEqual(first?.data, [{ to: "orders" }, ["a"]]);
    assert.equal(second?.msg, "at 100%d");
    assert.deepEqual(second?.data, { one: 1 });
  });

  it("takes pino's own order of arguments as it is", () => {
    const log = listen();
    log.logger.warn({ topic: "t" }, "slow %s", "broker");
    log.logger.error(new TypeError("alone"));
    const [first, second] = log.lines;
    assert.deepEqual([first?.msg, first?.topic], ["slow broker", "t"]);
    assert.deepEqual([second?.msg, second?.err?.type], ["alone", "TypeError"]);
  });

  it("tells a fault of the gateway's own in the line, with its code and without a stack", () => {
    const log = listen();
    log.logger.error("Cannot start.", new WeirError("WEIR_CONFIG_INVALID", "expected this", { got: "that" }));
    const [line] = log.lines;
    assert.equal(line?.msg, "Cannot start. expected this (WEIR_CONFIG_INVALID)");
    assert.equal(line?.err?.type, "WEIR_CONFIG_INVALID");
    assert.equal(line?.err?.stack, undefined);
  });

  it("does not tell such a fault twice to people", () => {
    const log = listen({ WEIR_LOG_FORMAT: "pretty" });
    log.logger.error("Cannot start.", new WeirError("WEIR_CONFIG_INVALID", "expected this"));
    log.logger.error("Failed.", new Error("no disk"));
    assert.equal(log.lines[0]?.err, undefined);
    assert.match(log.lines[1]?.err?.stack ?? "", /no disk/);
  });

  it("writes nothing below its level", () => {
    const log = listen({ WEIR_LOG_LEVEL: "warn" });
    log.logger.info("quiet");
    log.logger.warn("loud");
    assert.deepEqual(
      log.lines.map(({ msg, level }) => [level, msg]),
      [["warn", "loud"]],
    );
  });

  it("hides the passwords of URLs wherever they are", () => {
    const log = listen();
    const url = "mongodb://gateway:hush-hush@one:1,two:2/?replicaSet=rs0";
    log.logger.error(`cannot reach ${url}`, new Error(`refused by ${url}`), { servers: [{ url }] });
    assert.doesNotMatch(log.texts.join(""), /hush/);
    assert.equal(log.lines[0]?.msg, "cannot reach mongodb://gateway:***@one:1,two:2/?replicaSet=rs0");
    assert.deepEqual(log.lines[0]?.data, {
      servers: [{ url: "mongodb://gateway:***@one:1,two:2/?replicaSet=rs0" }],
    });
  });

  it("hides the configuration's secrets wherever they are, in each form that they take", () => {
    const password = 'level "p@ss\\word"';
    const log = listen({
      MONGO_URL: `mongodb://gateway:${encodeURIComponent("s3cret/of+mongo")}@db/`,
      WEIR_TRANSPORTER: "nats://a-token-of-nats@nats:4222",
      KAFKA_SASL_MECHANISM: "plain",
      KAFKA_SASL_USERNAME: "gateway",
      KAFKA_SASL_PASSWORD: password,
    });
    log.logger.error(`login as gateway with ${password}`, new Error("s3cret/of+mongo"), {
      encoded: encodeURIComponent("s3cret/of+mongo"),
      token: "a-token-of-nats",
    });
    const [line] = log.lines;
    assert.equal(line?.msg, "login as gateway with ***");
    assert.equal(line?.err?.message, "***");
    assert.match(line?.err?.stack ?? "", /^Error: \*\*\*\n/);
    assert.deepEqual(line?.data, { encoded: "***", token: "***" });
  });

  it("stays JSON when a secret looks like a piece of the line", () => {
    const log = listen({
      KAFKA_SASL_MECHANISM: "plain",
      KAFKA_SASL_USERNAME: "u",
      KAFKA_SASL_PASSWORD: "level",
    });
    log.logger.info("the level is level");
    assert.deepEqual([log.lines[0]?.level, log.lines[0]?.msg], ["info", "the *** is ***"]);
  });
});
