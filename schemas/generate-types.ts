import { writeFileSync } from "node:fs";
import path from "node:path";
import { compile, type JSONSchema } from "json-schema-to-typescript";
import { BUILT_IN_SCHEMAS, type EventTypeVersion, loadCatalog } from "./catalog";

export const GENERATED_FILE = path.join(__dirname, "event-types.generated.ts");

/** TypeScript for every event type of the folders: an interface per payload, and the `EventMap` from type to event. */
export async function generateTypes(dirs: readonly string[] = [BUILT_IN_SCHEMAS]): Promise<string> {
  const catalog = loadCatalog({ dirs });
  const parts = [
    "// Made by `npm run generate` from the schemas in events/. Do not edit.\n// biome-ignore-all format: as generated\n",
    'import type { EventEnvelope } from "./delivery";\n',
  ];
  const map: string[] = [];
  for (const eventType of catalog.types()) {
    // What is lifted before a handler sees it is no version that a handler is given.
    const versions = catalog
      .list()
      .filter((version) => version.event_type === eventType && catalog.liftedVersion(version) === undefined);
    for (const version of versions) parts.push(await payloadOf(version, payloadName(version, versions)));
    const events = versions.map((version) => eventOf(version, versions));
    map.push(`  ${JSON.stringify(eventType)}: ${events.join(" | ")};`);
  }
  return [...parts, `export interface EventMap {\n${map.join("\n")}\n}\n`].join("\n");
}

function payloadName({ event_type, event_version }: EventTypeVersion, versions: EventTypeVersion[]): string {
  const words = event_type.split(/[._]/).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const suffix = versions.length > 1 ? `V${event_version.replace(".", "_")}` : "";
  return `${words.join("")}Payload${suffix}`;
}

function eventOf(version: EventTypeVersion, versions: EventTypeVersion[]): string {
  const event = `EventEnvelope<${JSON.stringify(version.event_type)}, ${payloadName(version, versions)}>`;
  return versions.length > 1
    ? `(${event} & { event_version: ${JSON.stringify(version.event_version)} })`
    : event;
}

async function payloadOf({ schema }: EventTypeVersion, name: string): Promise<string> {
  const named = inlineTitles({ ...schema, title: name }, true) as JSONSchema;
  // Inlined and untitled below the top: two payloads may both have an `items`.
  return compile(named, name, { bannerComment: "", additionalProperties: false, maxItems: -1, format: true });
}

function inlineTitles(value: unknown, top = false): unknown {
  if (Array.isArray(value)) return value.map((member) => inlineTitles(member));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key, member]) => top || key !== "title" || typeof member !== "string",
  );
  return Object.fromEntries(entries.map(([key, member]) => [key, inlineTitles(member)]));
}

if (require.main === module) {
  generateTypes().then((text) => writeFileSync(GENERATED_FILE, text));
}
