import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { EventEnvelope } from "../../schemas/delivery";

/** The first valid example beside an event type's schema file; null where there is none. */
export async function firstExample(schemaFile: string): Promise<EventEnvelope | null> {
  const folder = path.join(path.dirname(schemaFile), "examples");
  const names = await readdir(folder).catch(() => []);
  const name = names.sort().find((file) => file.startsWith("valid-"));
  return name ? JSON.parse(await readFile(path.join(folder, name), "utf8")) : null;
}
