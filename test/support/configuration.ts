import path from "node:path";
import type { Configuration } from "../../schemas/configuration/configuration";
import { testServers } from "./servers";

/** Top-level keys to replace; the objects among them are merged one level deep. */
export type ConfigurationChanges = {
  [K in keyof Configuration]?: Partial<Configuration[K]> | Configuration[K];
};

/** Settings with which everything that a gateway makes begins with `name`. No HTTP port, no transporter. */
export function testConfiguration(name: string, changes: ConfigurationChanges = {}): Configuration {
  const { brokers, mongoUrl } = testServers();
  const base: Configuration = {
    namespace: name,
    logLevel: "error",
    logFormat: "json",
    dataDir: path.resolve(process.env.WEIR_DATA_DIR ?? ".weir"),
    mongo: { url: mongoUrl, database: name, indexPolicy: "warn" },
    kafka: { brokers, clientId: name },
    http: null,
    topics: { prefix: `${name}.`, shared: {}, create: true, partitions: 3, replicationFactor: 1 },
    groupPrefix: `${name}.`,
    chunk: {
      maxMessages: 1000,
      maxBytes: 1024 * 1024,
      maxRemoteBytes: 512 * 1024,
      maxTransporterBytes: 1024 * 1024,
    },
    breaker: { failures: 0, probeMs: 100 },
    pluginGraceMs: 10_000,
    stuckAfterMs: 60_000,
    stopDeadlineMs: 10_000,
    eventTtlDays: 30,
    deadLetterTtlDays: 7,
    dlq: { policies: [], retryRate: 10_000, alertLetters: 0, alertAgeHours: 0 },
    schemaDirs: [],
  };
  return merge(base, changes);
}

function merge(base: Configuration, changes: ConfigurationChanges): Configuration {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, change] of Object.entries(changes)) {
    const before = merged[key];
    merged[key] = isPlain(before) && isPlain(change) ? { ...before, ...change } : change;
  }
  return merged as unknown as Configuration;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
