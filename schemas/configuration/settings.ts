import { dlqPolicies } from "./dlq-policies";
import {
  fileContents,
  flag,
  folders,
  type Kind,
  list,
  oneOf,
  sharedTopics,
  text,
  transporter,
  wholeNumber,
  wholeNumberOr,
} from "./kinds";

export interface Setting<T> {
  topic:
    | "Servers"
    | "Kafka connection"
    | "Process"
    | "Topics and groups"
    | "Delivery"
    | "Dead letters"
    | "Keeping";
  description: string;
  /** As one would write it into the environment. */
  default?: string;
  /** What holds where there is no fixed default. */
  otherwise?: string;
  kind: Kind<T>;
  /** Its value is never shown; of a URL only what comes before the user name and after the password. */
  secret?: "value" | "url";
}

// Kafka allows these characters in topics and group ids.
const KAFKA_NAME = "^[A-Za-z0-9._-]{0,200}$";
// One @ at most: a password with a bare @ or / in it could be taken apart, and shown, in more than one way.
const MONGO_URL = "^mongodb(?:\\+srv)?://(?:[^@/?#\\s]+@)?[^@/?#\\s]+(?:[/?][^@\\s]*)?$";
const TOPIC_NAME = "^[A-Za-z0-9._-]{1,249}$";

/** Every setting there is: parsing, validation and docs/configuration.md are made from this table. */
export const SETTINGS = {
  KAFKA_BROKERS: {
    topic: "Servers",
    description: "Addresses of the Kafka cluster.",
    otherwise: "an embedded Kafka is started",
    kind: list("host:port", "^(?:[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$"),
  },
  MONGO_URL: {
    topic: "Servers",
    description:
      "Address of the MongoDB replica set. The database's name comes from `WEIR_DATABASE`, not from here.",
    otherwise: "an embedded MongoDB is started",
    kind: text("mongodb://… or mongodb+srv://…, the password percent-encoded", MONGO_URL),
    secret: "url",
  },
  WEIR_DATABASE: {
    topic: "Servers",
    description: "The MongoDB database that holds everything the gateway keeps. A new name is a fresh start.",
    default: "weir",
    kind: text(
      'a database name of up to 63 characters without blanks and /\\."$*<>:|?',
      '^[^/\\\\. "$*<>:|?\\u0000]{1,63}$',
    ),
  },
  WEIR_INDEX_POLICY: {
    topic: "Servers",
    description:
      "What the start does about a MongoDB index that is there, but not as declared: `warn` and leave it, `fail`, " +
      "or `apply` what can be changed in place. Missing ones are always created.",
    default: "warn",
    kind: oneOf("warn", "fail", "apply"),
  },
  WEIR_DATA_DIR: {
    topic: "Servers",
    description: "Folder for the embedded servers' programs and data, relative to the working directory.",
    default: ".weir",
    kind: text("the path of a folder"),
  },
  WEIR_KAFKA_HOME: {
    topic: "Servers",
    description: "An unpacked Kafka 4, a folder with `libs/`, for the embedded server to run.",
    otherwise: "one is fetched once",
    kind: text("the path of a folder"),
  },
  WEIR_MONGOD: {
    topic: "Servers",
    description: "The mongod for the embedded server to run.",
    otherwise: "the one on PATH; without one it is fetched once",
    kind: text("the path of a program"),
  },
  KAFKA_CLIENT_ID: {
    topic: "Kafka connection",
    description: "The name under which Kafka's logs and quotas know the gateway.",
    default: "weir",
    kind: text("letters, digits, dots, underscores and dashes", "^[A-Za-z0-9._-]{1,200}$"),
  },
  KAFKA_SSL: {
    topic: "Kafka connection",
    description: "Connect with TLS. Naming a certificate file switches it on too.",
    default: "false",
    kind: flag,
  },
  KAFKA_SSL_CA_FILE: {
    topic: "Kafka connection",
    description: "Certificates (PEM) of the authorities that the brokers' certificates are checked against.",
    otherwise: "those that Node.js trusts",
    kind: fileContents,
  },
  KAFKA_SSL_CERT_FILE: {
    topic: "Kafka connection",
    description: "The client's own certificate (PEM), for brokers that ask for one.",
    kind: fileContents,
  },
  KAFKA_SSL_KEY_FILE: {
    topic: "Kafka connection",
    description: "The private key (PEM) of the client's certificate.",
    kind: fileContents,
  },
  KAFKA_SSL_REJECT_UNAUTHORIZED: {
    topic: "Kafka connection",
    description:
      "Refuse brokers whose certificate cannot be verified. Leave it on, except to find a mistake.",
    default: "true",
    kind: flag,
  },
  KAFKA_SASL_MECHANISM: {
    topic: "Kafka connection",
    description: "How to authenticate. Needs the user name and the password.",
    otherwise: "no authentication",
    kind: oneOf("plain", "scram-sha-256", "scram-sha-512"),
  },
  KAFKA_SASL_USERNAME: {
    topic: "Kafka connection",
    description: "User name for SASL.",
    kind: text(),
  },
  KAFKA_SASL_PASSWORD: {
    topic: "Kafka connection",
    description: "Password for SASL.",
    kind: text(),
    secret: "value",
  },
  WEIR_NODE_ID: {
    topic: "Process",
    description: "This node's name; unique within the namespace.",
    otherwise: "host name and process id",
    kind: text("letters, digits, dots, underscores and dashes", "^[A-Za-z0-9._-]{1,100}$"),
  },
  WEIR_NAMESPACE: {
    topic: "Process",
    description: "Nodes of one namespace see each other.",
    default: "weir",
    kind: text("letters, digits, underscores and dashes", "^[A-Za-z0-9_-]{1,100}$"),
  },
  WEIR_TRANSPORTER: {
    topic: "Process",
    description: "What joins several nodes.",
    otherwise: "a single node",
    kind: transporter,
    secret: "url",
  },
  WEIR_LOG_LEVEL: {
    topic: "Process",
    description: "The least important level that is logged.",
    default: "info",
    kind: oneOf("trace", "debug", "info", "warn", "error", "fatal"),
  },
  WEIR_LOG_FORMAT: {
    topic: "Process",
    description: "Lines for people, or one JSON object a line.",
    otherwise: "pretty in a terminal, else json",
    kind: oneOf("pretty", "json"),
  },
  WEIR_HTTP_HOST: {
    topic: "Process",
    description:
      "Address on which `/livez` and `/readyz` are answered. They need no authentication: keep it private.",
    default: "127.0.0.1",
    kind: text("a host name or an IP address", "^[A-Za-z0-9.:_-]+$"),
  },
  WEIR_HTTP_PORT: {
    topic: "Process",
    description: "Port for `/livez` and `/readyz`; 0 takes a free one.",
    default: "3210",
    kind: wholeNumberOr("off", 0, 65_535),
  },
  WEIR_STOP_DEADLINE_MS: {
    topic: "Process",
    description:
      "How long a stop may take, in ms. What is unfinished then is left uncommitted, and the exit code is 1.",
    default: "20000",
    kind: wholeNumber(1_000, 600_000),
  },
  WEIR_SCHEMA_DIRS: {
    topic: "Topics and groups",
    description: "Folders with event schemas beside the built-in ones.",
    otherwise: "none",
    kind: folders,
  },
  WEIR_TOPIC_PREFIX: {
    topic: "Topics and groups",
    description: "Put before an event type to name its topic, for example `shop.`.",
    default: "",
    kind: text("letters, digits, dots, underscores and dashes", KAFKA_NAME),
  },
  WEIR_SHARED_TOPICS: {
    topic: "Topics and groups",
    description:
      "Topics that carry several event types, instead of a topic each: " +
      "`commerce=order.placed,payment.captured;users=user.registered`. The prefix is put before these names too.",
    otherwise: "a topic for each event type",
    kind: sharedTopics,
  },
  WEIR_CREATE_TOPICS: {
    topic: "Topics and groups",
    description: "Create the topics that are missing.",
    default: "true",
    kind: flag,
  },
  WEIR_TOPIC_PARTITIONS: {
    topic: "Topics and groups",
    description: "Partitions of the topics that the gateway creates.",
    default: "3",
    kind: wholeNumber(1, 10_000),
  },
  WEIR_TOPIC_REPLICATION: {
    topic: "Topics and groups",
    description: "Replication factor of the topics that the gateway creates.",
    default: "1",
    kind: wholeNumber(1, 100),
  },
  WEIR_GROUP_PREFIX: {
    topic: "Topics and groups",
    description: "Put before a plugin's group to name its Kafka consumer group.",
    default: "weir.",
    kind: text("letters, digits, dots, underscores and dashes", KAFKA_NAME),
  },
  WEIR_CHUNK_MESSAGES: {
    topic: "Delivery",
    description: "The most messages of a partition that are claimed, handled and committed together.",
    default: "1000",
    kind: wholeNumber(1, 10_000),
  },
  WEIR_CHUNK_BYTES: {
    topic: "Delivery",
    description: "The most bytes of such a chunk. A larger message goes alone.",
    default: "1048576",
    kind: wholeNumber(1_024, 16_777_216),
  },
  WEIR_CHUNK_REMOTE_BYTES: {
    topic: "Delivery",
    description:
      "The same for a chunk that goes to another node, where the transporter has a limit of its own.",
    default: "524288",
    kind: wholeNumber(1_024, 16_777_216),
  },
  WEIR_TRANSPORTER_MAX_BYTES: {
    topic: "Delivery",
    description:
      "The largest packet that the transporter takes. An event that does not fit becomes a dead letter of the group whose plugin is on another node.",
    default: "1048576",
    kind: wholeNumber(65_536, 1_073_741_824),
  },
  WEIR_BREAKER_FAILURES: {
    topic: "Delivery",
    description:
      "How many events in a row may fail in the same way before a group's circuit breaker opens: it then pauses and probes instead of filling the dead letter queue. 0 switches it off.",
    default: "50",
    kind: wholeNumber(0, 1_000_000),
  },
  WEIR_BREAKER_PROBE_MS: {
    topic: "Delivery",
    description:
      "How long an open circuit breaker waits before it tries one event, in ms. Doubles up to ten times that.",
    default: "5000",
    kind: wholeNumber(10, 3_600_000),
  },
  WEIR_PLUGIN_GRACE_MS: {
    topic: "Delivery",
    description: "How long a group keeps its partitions while its plugin is away, in ms.",
    default: "60000",
    kind: wholeNumber(0, 3_600_000),
  },
  WEIR_STUCK_AFTER_MS: {
    topic: "Delivery",
    description:
      "How long a partition may have messages to read and commit nothing, without a reason that is known, before it is told as stuck, in ms.",
    default: "60000",
    kind: wholeNumber(1_000, 3_600_000),
  },
  WEIR_DLQ_POLICIES: {
    topic: "Dead letters",
    description:
      'When dead letters are retried by themselves: `[{ "match": { "group": "mails" }, "retry": { "kind": "exponential_backoff" } }]`. ' +
      "See [dead letters](dead-letters.md).",
    otherwise: "none: every letter waits for a person",
    kind: dlqPolicies,
  },
  WEIR_DLQ_RETRY_RATE: {
    topic: "Dead letters",
    description:
      "How many letters of one group are retried by themselves in a second, by all gateways together.",
    default: "50",
    kind: wholeNumber(1, 10_000),
  },
  WEIR_DLQ_EVENTS_TOPIC: {
    topic: "Dead letters",
    description:
      "Kafka topic that is told of everything that happens to a dead letter. The prefix is not put before it.",
    otherwise: "none",
    kind: text("the name of a topic", TOPIC_NAME),
  },
  WEIR_DLQ_MIRROR_TOPIC: {
    topic: "Dead letters",
    description: "Kafka topic that every dead letter is copied to. The prefix is not put before it.",
    otherwise: "none",
    kind: text("the name of a topic", TOPIC_NAME),
  },
  WEIR_DLQ_ALERT_LETTERS: {
    topic: "Dead letters",
    description: "The log says as an error when so many letters are open, once. 0 switches it off.",
    default: "0",
    kind: wholeNumber(0, 1_000_000_000),
  },
  WEIR_DLQ_ALERT_AGE_HOURS: {
    topic: "Dead letters",
    description: "The log says as an error when a letter has been open for so long, once. 0 switches it off.",
    default: "0",
    kind: wholeNumber(0, 876_000),
  },
  WEIR_EVENT_TTL_DAYS: {
    topic: "Keeping",
    description: "Days that a stored event is kept.",
    default: "30",
    kind: wholeNumber(1, 36_500),
  },
  WEIR_DEAD_LETTER_TTL_DAYS: {
    topic: "Keeping",
    description: "Days that a dead letter is kept, or `never` to keep it until somebody closes it.",
    default: "7",
    kind: wholeNumberOr("never", 1, 36_500),
  },
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<S> = S extends { kind: Kind<infer T>; default: string }
  ? T
  : S extends { kind: Kind<infer T> }
    ? T | undefined
    : never;

/** The validated value of every setting; undefined where there is neither a value nor a default. */
export type SettingValues = { [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

/** The same table with its entries' common type, for loops. */
export const SETTING_LIST = Object.entries(SETTINGS) as [SettingName, Setting<unknown>][];
