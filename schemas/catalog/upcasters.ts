import { readdirSync } from "node:fs";
import path from "node:path";
import type { EventEnvelope } from "../delivery";
import { WeirError } from "../errors";
import { compareVersions, schemaFault } from "./schema-files";

/**
 * The default export of `<event type>/<version>.upcast.ts`: makes the payload of the next version out of one of `<version>`.
 * Pure: the same payload in gives the same payload out. The payload is a copy that it may change.
 */
export type Upcaster = (payload: Record<string, unknown>, event: EventEnvelope) => Record<string, unknown>;

/** One version as a step of a chain is made to or from it. */
export interface LiftedVersion {
  event_version: string;
  payload: {
    accepts(value: unknown): boolean;
    violations(value: unknown, prefix: string): { path: string; message: string }[];
  };
}

interface Step {
  lift: Upcaster;
  file: string;
  to: LiftedVersion;
}

/** From a version's number to the step that leads to the next one. */
export type Chain = Map<string, Step>;

// A declaration file (`1.0.upcast.d.ts`) is none.
const FILE = /^(\d+\.\d+)\.upcast\.(?:ts|js|cjs)$/;

/** The upcasters of one event type in all folders, made a chain. Throws WEIR_SCHEMA_INVALID for one that leads nowhere. */
export function readChain(
  dirs: readonly string[],
  eventType: string,
  versions: readonly LiftedVersion[],
): Chain {
  const sorted = [...versions].sort((a, b) => compareVersions(a.event_version, b.event_version));
  const chain: Chain = new Map();
  for (const { version, file } of dirs.flatMap((dir) => filesIn(path.join(dir, eventType)))) {
    const at = sorted.findIndex(({ event_version }) => event_version === version);
    const to = sorted[at + 1];
    if (at < 0) schemaFault(file, `there is no ${version}.json beside it for it to lift.`);
    if (!to)
      schemaFault(file, `${version} is the newest version of ${eventType}: there is nothing to lift it to.`);
    if (chain.has(version))
      schemaFault(file, `there is another upcaster from ${eventType} ${version}: keep one.`);
    chain.set(version, { lift: load(file), file, to });
  }
  for (const { file, to } of chain.values()) {
    const isNewest = to === sorted.at(-1);
    if (!isNewest && !chain.has(to.event_version)) {
      schemaFault(
        file,
        `it ends at ${to.event_version}, which is not the newest version of ${eventType}: add ${to.event_version}.upcast.ts.`,
      );
    }
  }
  return chain;
}

/** Lifts an event along the chain to the newest version; each step's result is validated. Throws WEIR_UPCAST_FAILED. */
export function liftAlong(chain: Chain, event: EventEnvelope): EventEnvelope {
  let step = chain.get(event.event_version);
  if (!step) return event;
  let lifted = event;
  let payload = structuredClone(event.payload) as Record<string, unknown>;
  for (; step; step = chain.get(step.to.event_version)) {
    const { lift, file, to } = step;
    try {
      payload = lift(payload, lifted);
    } catch (error) {
      throw failed(event, file, to.event_version, (error as Error).message);
    }
    if (!to.payload.accepts(payload)) {
      const violations = to.payload.violations(payload, "/payload");
      const what = violations.map(({ path: at, message }) => `${at} ${message}`).join("; ");
      throw failed(event, file, to.event_version, `what it made is not valid: ${what}`);
    }
    lifted = { ...lifted, event_version: to.event_version, payload };
  }
  return lifted;
}

function failed(
  { event_id, event_type, event_version }: EventEnvelope,
  file: string,
  to: string,
  why: string,
): WeirError {
  return new WeirError(
    "WEIR_UPCAST_FAILED",
    `Event ${event_id} could not be lifted from ${event_type} ${event_version} to ${to} by ${path.basename(path.dirname(file))}/${path.basename(file)}: ${why}. Correct the upcaster, restart, and retry the letter.`,
    { event_id, event_type, event_version, to, file },
  );
}

function filesIn(folder: string): { version: string; file: string }[] {
  // A folder need not have every type; an unreadable one was told with its schemas.
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const version = FILE.exec(name)?.[1];
    return version === undefined ? [] : [{ version, file: path.join(folder, name) }];
  });
}

function load(file: string): Upcaster {
  let loaded: unknown;
  try {
    loaded = require(file);
  } catch (error) {
    schemaFault(file, `it cannot be loaded (${(error as Error).message}).`);
  }
  const lift = (loaded as { default?: unknown }).default ?? loaded;
  if (typeof lift !== "function")
    schemaFault(file, "its default export is the function that lifts a payload.");
  return lift as Upcaster;
}
