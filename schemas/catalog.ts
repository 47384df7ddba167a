import path from "node:path";
import type { ServiceBroker } from "moleculer";
import { type CompiledSchema, compileEnvelope, compilePayload } from "./catalog/compile";
import { compareVersions, readSchemaFiles, type SchemaFile } from "./catalog/schema-files";
import { type Chain, liftAlong, readChain } from "./catalog/upcasters";
import { boundViolations, shorten, type Violation } from "./catalog/violations";
import { configurationOf } from "./configuration/broker-configuration";
import type { EventEnvelope } from "./delivery";

export type { Upcaster } from "./catalog/upcasters";
export type { Violation } from "./catalog/violations";

/** The schemas that come with the gateway. */
export const BUILT_IN_SCHEMAS = path.join(__dirname, "events");

/** One version of an event type. */
export interface EventTypeVersion {
  event_type: string;
  event_version: string;
  /** The payload's title and description. */
  title?: string;
  description?: string;
  /** The JSON Schema of the payload, as its file has it. */
  schema: Record<string, unknown>;
  file: string;
}

export type Validation =
  | { valid: true; event: EventEnvelope }
  | { valid: false; reason: "unknown_type" | "invalid"; errors: Violation[] };

/** The known event types, compiled. */
export interface Catalog {
  /** Known event types in alphabetical order. */
  types(): string[];
  /** All versions of all types, by type, then by version. */
  list(): EventTypeVersion[];
  /** One version of a type, the latest when none is named; undefined when it is not known. */
  get(eventType: string, eventVersion?: string): EventTypeVersion | undefined;
  /**
   * Checks the envelope, then the payload by its type and version. The value is never changed. `unknown_type` is also an
   * unknown version of a known type; an envelope at fault is `invalid`, whatever its type.
   */
  validate(value: unknown): Validation;
  /** The version that an event is lifted to before a handler sees it; undefined where it stays as it is. */
  liftedVersion(event: Pick<EventEnvelope, "event_type" | "event_version">): string | undefined;
  /** The event as its newest version has it; the very same where no upcaster leads on. Throws WEIR_UPCAST_FAILED. */
  lift(event: EventEnvelope): EventEnvelope;
}

interface Entry extends EventTypeVersion {
  payload: CompiledSchema;
}

/**
 * Reads and compiles `<dir>/<event type>/<version>.json` of all folders. Throws WEIR_SCHEMA_INVALID naming the file that is
 * at fault, and WEIR_SCHEMA_CONFLICT naming both files when two folders define one version differently.
 */
export function loadCatalog({ dirs }: { dirs: readonly string[] }): Catalog {
  const envelope = compileEnvelope();
  const entries = readSchemaFiles(dirs).map(entryOf);
  const byType = new Map<string, Map<string, Entry>>();
  for (const entry of entries) {
    const versions = byType.get(entry.event_type) ?? new Map<string, Entry>();
    byType.set(entry.event_type, versions.set(entry.event_version, entry));
  }

  const chains = new Map<string, Chain>();
  for (const [eventType, versions] of byType) {
    const chain = readChain(dirs, eventType, [...versions.values()]);
    if (chain.size > 0) chains.set(eventType, chain);
  }

  const violationsOf = (value: unknown): Violation[] => {
    const { event_type, event_version, payload } = (value ?? {}) as Record<string, unknown>;
    const entry = byType.get(event_type as string)?.get(event_version as string);
    const isObject = typeof payload === "object" && payload !== null && !Array.isArray(payload);
    const ofPayload = isObject ? entry?.payload.violations(payload, "/payload") : undefined;
    return boundViolations([...envelope.violations(value, ""), ...(ofPayload ?? [])]);
  };

  return {
    types: () => [...byType.keys()],
    list: () => entries.map(describe),
    get(eventType, eventVersion) {
      const versions = byType.get(eventType);
      const entry =
        eventVersion === undefined ? [...(versions?.values() ?? [])].at(-1) : versions?.get(eventVersion);
      return entry && describe(entry);
    },
    validate(value) {
      if (!envelope.accepts(value)) return { valid: false, reason: "invalid", errors: violationsOf(value) };
      const event = value as EventEnvelope;
      const versions = byType.get(event.event_type);
      const entry = versions?.get(event.event_version);
      if (!entry)
        return { valid: false, reason: "unknown_type", errors: [unknown(event, byType.keys(), versions)] };
      if (!entry.payload.accepts(event.payload))
        return { valid: false, reason: "invalid", errors: violationsOf(value) };
      return { valid: true, event };
    },
    liftedVersion({ event_type, event_version }) {
      const leadsOn = chains.get(event_type)?.has(event_version);
      return leadsOn ? [...(byType.get(event_type)?.keys() ?? [])].at(-1) : undefined;
    },
    lift(event) {
      const chain = chains.get(event.event_type);
      return chain ? liftAlong(chain, event) : event;
    },
  };
}

// A registered symbol: a plugin from an npm package may bring its own copy of this module.
const KEY = Symbol.for("weir.catalog");

/** The catalog of this broker's built-in and configured schemas; read and compiled at the first call. */
export function catalogOf(broker: ServiceBroker): Catalog {
  const holder = broker as unknown as Record<symbol, Catalog | undefined>;
  const { schemaDirs } = configurationOf(broker);
  holder[KEY] ??= loadCatalog({ dirs: [BUILT_IN_SCHEMAS, ...schemaDirs.map((dir) => path.resolve(dir))] });
  return holder[KEY];
}

function entryOf({ event_type, event_version, file, schema }: SchemaFile): Entry {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const { title, description } = schema;
  const payload = compilePayload(schema, file);
  return {
    event_type,
    event_version,
    title: text(title),
    description: text(description),
    schema,
    file,
    payload,
  };
}

function describe({ payload: _, ...version }: Entry): EventTypeVersion {
  return version;
}

function unknown(
  { event_type, event_version }: EventEnvelope,
  types: Iterable<string>,
  versions: Map<string, Entry> | undefined,
): Violation {
  if (!versions) {
    const message = `"${event_type}" is no known type; known are ${[...types].join(", ")}`;
    return { path: "/event_type", keyword: "event_type", message: shorten(message) };
  }
  const known = [...versions.keys()].sort(compareVersions).join(", ");
  const message = `"${event_version}" is no known version of ${event_type}; known are ${known}`;
  return { path: "/event_version", keyword: "event_version", message: shorten(message) };
}
