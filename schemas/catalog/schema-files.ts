import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { WeirError } from "../errors";

/** One `<event type>/<version>.json`, read but not yet compiled. */
export interface SchemaFile {
  event_type: string;
  event_version: string;
  file: string;
  schema: Record<string, unknown>;
}

export const EVENT_TYPE = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;
const EVENT_VERSION = /^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$/;

/** The schema files of all folders, by type and version. A folder `examples` beside the versions is left alone. */
export function readSchemaFiles(dirs: readonly string[]): SchemaFile[] {
  const found = new Map<string, SchemaFile>();
  for (const file of dirs.flatMap(readFolder)) {
    const name = `${file.event_type} ${file.event_version}`;
    const other = found.get(name);
    if (other && !isDeepStrictEqual(other.schema, file.schema)) {
      throw new WeirError(
        "WEIR_SCHEMA_CONFLICT",
        `${other.file} and ${file.file} define version ${file.event_version} of ${file.event_type} differently: keep one of them.`,
        { event_type: file.event_type, event_version: file.event_version, files: [other.file, file.file] },
      );
    }
    if (!other) found.set(name, file);
  }
  return [...found.values()].sort(
    (a, b) => compareText(a.event_type, b.event_type) || compareVersions(a.event_version, b.event_version),
  );
}

export function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}

/** Throws WEIR_SCHEMA_INVALID for a file or folder. */
export function schemaFault(file: string, what: string): never {
  throw new WeirError("WEIR_SCHEMA_INVALID", `${file}: ${what}`, { file });
}

function readFolder(dir: string): SchemaFile[] {
  return folders(dir).flatMap((event_type) => {
    const folder = path.join(dir, event_type);
    if (!EVENT_TYPE.test(event_type)) {
      schemaFault(
        folder,
        "the folder is named after its event type: lower case with dots, such as order.placed.",
      );
    }
    const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
    if (files.length === 0) schemaFault(folder, "there is no schema; expected a file such as 1.0.json.");
    return files.map((name) => readFile(event_type, path.join(folder, name)));
  });
}

function folders(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map((entry) => entry.name);
  } catch (error) {
    return schemaFault(dir, `the folder of schemas cannot be read (${(error as Error).message}).`);
  }
}

function readFile(event_type: string, file: string): SchemaFile {
  const event_version = path.basename(file, ".json");
  if (!EVENT_VERSION.test(event_version)) {
    schemaFault(file, "the file is named after its version: <major>.<minor>.json, such as 1.0.json.");
  }
  let schema: unknown;
  try {
    schema = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    schemaFault(file, `no JSON (${(error as Error).message}).`);
  }
  if ((schema as { type?: unknown } | null)?.type !== "object") {
    schemaFault(file, 'a payload is an object; the schema needs `"type": "object"` at its top.');
  }
  return { event_type, event_version, file, schema: schema as Record<string, unknown> };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
