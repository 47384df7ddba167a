import type { DlqPolicy } from "../dlq-policy";

/** The gateway's validated settings; frozen. Secrets live here and nowhere else. */
export interface Configuration {
  nodeID?: string;
  namespace: string;
  /** For example `nats://…` or `TCP`; absent: a single node. */
  transporter?: string;
  logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
  logFormat: "pretty" | "json";
  /** Where the embedded servers keep programs and data, and where others find them. */
  dataDir: string;
  mongo: {
    url: string;
    database: string;
    /** What the start does about an index that is there, but not as declared. */
    indexPolicy: "warn" | "fail" | "apply";
  };
  kafka: {
    brokers: string[];
    clientId: string;
    ssl?: { ca?: string; cert?: string; key?: string; rejectUnauthorized: boolean };
    sasl?: { mechanism: "plain" | "scram-sha-256" | "scram-sha-512"; username: string; password: string };
  };
  http: { host: string; port: number } | null;
  topics: {
    /** Put before every event type to name its topic. */
    prefix: string;
    /** Shared topics: topic name (without prefix) to the event types it carries instead of their own topics. */
    shared: Record<string, string[]>;
    create: boolean;
    partitions: number;
    replicationFactor: number;
  };
  /** Put before every group to name its Kafka consumer group. */
  groupPrefix: string;
  chunk: { maxMessages: number; maxBytes: number; maxRemoteBytes: number; maxTransporterBytes: number };
  /** A group's circuit breaker: failures of one kind in a row that open it (0: never), and the first wait before a probe. */
  breaker: { failures: number; probeMs: number };
  /** How long a group keeps its partitions while its plugin is away. */
  pluginGraceMs: number;
  /** How long a partition may have messages to read and commit nothing before it is told as stuck. */
  stuckAfterMs: number;
  stopDeadlineMs: number;
  /** Days that a stored event is kept. */
  eventTtlDays: number;
  /** Days that a dead letter is kept, or `never` to keep it until somebody closes it. */
  deadLetterTtlDays: number | "never";
  dlq: {
    /** When which dead letters are retried by themselves; of equally specific ones the last holds. */
    policies: DlqPolicy[];
    /** Letters of a group that are retried by themselves in a second, by all gateways together. */
    retryRate: number;
    /** Topic that every transition of a letter is published to; absent: none. */
    eventsTopic?: string;
    /** Topic that dead letters are copied to; absent: none. */
    mirrorTopic?: string;
    /** Open letters from which on the log says so; 0: never. */
    alertLetters: number;
    /** Age of the oldest open letter from which on the log says so; 0: never. */
    alertAgeHours: number;
  };
  /** Folders with event schemas beside the built-in `schemas/events`. */
  schemaDirs: string[];
}
