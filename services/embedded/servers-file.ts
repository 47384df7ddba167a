import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomically } from "./write-file";

/** `<dataDir>/servers.json`: through it others find the keeper and the servers that run. */
export interface ServersFile {
  keeper: { pid: number; host: string; port: number; token: string };
  kafka?: { pid: number; brokers: string[] };
  mongo?: { pid: number; url: string };
}

/** What was last written; null when there is none. It may be stale: its writer may have been killed. */
export async function readServersFile(dataDir: string): Promise<ServersFile | null> {
  try {
    return JSON.parse(await readFile(fileIn(dataDir), "utf8"));
  } catch {
    return null;
  }
}

export async function writeServersFile(dataDir: string, content: ServersFile): Promise<void> {
  await writeFileAtomically(fileIn(dataDir), `${JSON.stringify(content, null, 2)}\n`);
}

export async function removeServersFile(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true });
}

function fileIn(dataDir: string): string {
  return path.join(dataDir, "servers.json");
}
