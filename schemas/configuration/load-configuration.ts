import path from "node:path";
import Ajv from "ajv";
import { WeirError } from "../errors";
import type { Configuration } from "./configuration";
import { redactCredentials } from "./redaction";
import { SETTING_LIST, SETTINGS, type SettingName, type SettingValues } from "./settings";

interface Problem {
  variable: SettingName;
  expected: string;
  /** What came, in words; never a secret. */
  got: string;
}

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
const validate = ajv.compile({
  type: "object",
  properties: Object.fromEntries(SETTING_LIST.map(([variable, { kind }]) => [variable, kind.schema])),
});

/**
 * The settings of an environment, validated and frozen. Without `KAFKA_BROKERS` or `MONGO_URL` the addresses are
 * empty: `withServers` adds those of the embedded servers.
 * Throws `WEIR_CONFIG_INVALID`, which names everything that is wrong.
 *
 * @param isTerminal whether people read the log as it is written
 */
export function loadConfiguration(
  env: NodeJS.ProcessEnv,
  isTerminal = process.stdout.isTTY === true,
): Configuration {
  const { values, problems } = readSettings(env);
  problems.push(...contradictions(values, new Set(problems.map(({ variable }) => variable))));
  if (problems.length > 0) throw invalid(problems);
  return deepFreeze(assemble(values, isTerminal));
}

/** The configuration with the addresses of the servers that were started for it. */
export function withServers(
  configuration: Configuration,
  { brokers, mongoUrl }: { brokers?: string[]; mongoUrl?: string },
): Configuration {
  return deepFreeze({
    ...configuration,
    kafka: { ...configuration.kafka, brokers: [...(brokers ?? configuration.kafka.brokers)] },
    mongo: { ...configuration.mongo, url: mongoUrl ?? configuration.mongo.url },
  });
}

function readSettings(env: NodeJS.ProcessEnv): { values: SettingValues; problems: Problem[] } {
  const values: Partial<Record<SettingName, unknown>> = {};
  const wrong = new Set<string>();
  for (const [variable, setting] of SETTING_LIST) {
    // A blank value is how compose files and shells write "not set".
    const written = env[variable]?.trim() || setting.default;
    if (written === undefined) continue;
    const value = setting.kind.parse(written);
    if (value === undefined) wrong.add(variable);
    else values[variable] = value;
  }
  if (!validate(values)) {
    for (const { instancePath } of validate.errors ?? []) wrong.add(instancePath.split("/")[1] ?? "");
  }
  const problems = SETTING_LIST.filter(([variable]) => wrong.has(variable)).map(
    ([variable, { kind, secret }]) => ({
      variable,
      expected: kind.expected,
      got: shown(env[variable]?.trim() ?? "", secret) + because(kind.explain?.(env[variable]?.trim() ?? "")),
    }),
  );
  return { values: values as SettingValues, problems };
}

function because(problem: string | undefined): string {
  return problem === undefined ? "" : ` (${problem})`;
}

function shown(value: string, secret: "value" | "url" | undefined): string {
  if (secret === "value") return "a value that is not shown here";
  return JSON.stringify(secret === "url" ? redactCredentials(value) : value);
}

/** Settings that are right by themselves and wrong together. */
function contradictions(values: SettingValues, alreadyWrong: Set<SettingName>): Problem[] {
  const found: Problem[] = [];
  const needs = (variable: SettingName, others: SettingName[]) => {
    if (values[variable] === undefined || alreadyWrong.has(variable)) return;
    for (const other of others) {
      if (values[other] !== undefined || alreadyWrong.has(other)) continue;
      found.push({ variable: other, expected: `a value, because ${variable} is set`, got: "nothing" });
    }
  };
  needs("KAFKA_SASL_MECHANISM", ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"]);
  needs("KAFKA_SASL_USERNAME", ["KAFKA_SASL_MECHANISM"]);
  needs("KAFKA_SASL_PASSWORD", ["KAFKA_SASL_MECHANISM"]);
  needs("KAFKA_SSL_CERT_FILE", ["KAFKA_SSL_KEY_FILE"]);
  needs("KAFKA_SSL_KEY_FILE", ["KAFKA_SSL_CERT_FILE"]);
  return found.filter(
    ({ variable }, index) => found.findIndex((earlier) => earlier.variable === variable) === index,
  );
}

function invalid(problems: Problem[]): WeirError {
  const lines = problems.map(
    ({ variable, expected, got }) => `  ${variable}: expected ${expected}; got ${got}`,
  );
  return new WeirError("WEIR_CONFIG_INVALID", `The configuration is invalid:\n${lines.join("\n")}`, {
    problems,
  });
}

function assemble(values: SettingValues, isTerminal: boolean): Configuration {
  return {
    nodeID: values.WEIR_NODE_ID,
    namespace: values.WEIR_NAMESPACE,
    transporter: values.WEIR_TRANSPORTER,
    logLevel: values.WEIR_LOG_LEVEL,
    logFormat: values.WEIR_LOG_FORMAT ?? (isTerminal ? "pretty" : "json"),
    dataDir: path.resolve(values.WEIR_DATA_DIR),
    mongo: {
      url: values.MONGO_URL ?? "",
      database: values.WEIR_DATABASE,
      indexPolicy: values.WEIR_INDEX_POLICY,
    },
    kafka: {
      brokers: values.KAFKA_BROKERS ?? [],
      clientId: values.KAFKA_CLIENT_ID,
      ssl: tlsOf(values),
      sasl: saslOf(values),
    },
    http:
      values.WEIR_HTTP_PORT === "off" ? null : { host: values.WEIR_HTTP_HOST, port: values.WEIR_HTTP_PORT },
    topics: {
      prefix: values.WEIR_TOPIC_PREFIX,
      shared: values.WEIR_SHARED_TOPICS ?? {},
      create: values.WEIR_CREATE_TOPICS,
      partitions: values.WEIR_TOPIC_PARTITIONS,
      replicationFactor: values.WEIR_TOPIC_REPLICATION,
    },
    groupPrefix: values.WEIR_GROUP_PREFIX,
    chunk: {
      maxMessages: values.WEIR_CHUNK_MESSAGES,
      maxBytes: values.WEIR_CHUNK_BYTES,
      maxRemoteBytes: values.WEIR_CHUNK_REMOTE_BYTES,
      maxTransporterBytes: values.WEIR_TRANSPORTER_MAX_BYTES,
    },
    breaker: { failures: values.WEIR_BREAKER_FAILURES, probeMs: values.WEIR_BREAKER_PROBE_MS },
    pluginGraceMs: values.WEIR_PLUGIN_GRACE_MS,
    stuckAfterMs: values.WEIR_STUCK_AFTER_MS,
    stopDeadlineMs: values.WEIR_STOP_DEADLINE_MS,
    eventTtlDays: values.WEIR_EVENT_TTL_DAYS,
    deadLetterTtlDays: values.WEIR_DEAD_LETTER_TTL_DAYS,
    dlq: {
      policies: values.WEIR_DLQ_POLICIES ?? [],
      retryRate: values.WEIR_DLQ_RETRY_RATE,
      eventsTopic: values.WEIR_DLQ_EVENTS_TOPIC,
      mirrorTopic: values.WEIR_DLQ_MIRROR_TOPIC,
      alertLetters: values.WEIR_DLQ_ALERT_LETTERS,
      alertAgeHours: values.WEIR_DLQ_ALERT_AGE_HOURS,
    },
    schemaDirs: values.WEIR_SCHEMA_DIRS ?? [],
  };
}

function tlsOf(values: SettingValues): Configuration["kafka"]["ssl"] {
  const { KAFKA_SSL: on, KAFKA_SSL_CA_FILE: ca, KAFKA_SSL_CERT_FILE: cert, KAFKA_SSL_KEY_FILE: key } = values;
  if (!on && !ca && !cert) return undefined;
  return { ca, cert, key, rejectUnauthorized: values.KAFKA_SSL_REJECT_UNAUTHORIZED };
}

function saslOf(values: SettingValues): Configuration["kafka"]["sasl"] {
  const {
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: username,
    KAFKA_SASL_PASSWORD: password,
  } = values;
  if (!mechanism || !username || !password) return undefined;
  return { mechanism, username, password };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

/** Whether a name is that of a setting. */
export function isSetting(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
