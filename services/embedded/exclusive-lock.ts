import { mkdir } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

export interface ExclusiveLock {
  release(): void;
}

const LOOK_EVERY_MS = 100;

/**
 * Takes a lock among all processes of this machine, or gives null when somebody holds it. It is SQLite's lock on a
 * file: the kernel frees it with the process, however that ends, so there is no stale lock to recognise.
 */
export async function tryExclusiveLock(file: string): Promise<ExclusiveLock | null> {
  await mkdir(path.dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  try {
    database.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (/locked|busy/i.test(String(error))) return null;
    throw error;
  }
  return { release: () => database.close() };
}

/** Waits until the lock is free; `onWait` is called once if somebody else holds it. */
export async function exclusiveLock(file: string, onWait: () => void): Promise<ExclusiveLock> {
  for (let waited = false; ; waited = true) {
    const lock = await tryExclusiveLock(file);
    if (lock) return lock;
    if (!waited) onWait();
    await delay(LOOK_EVERY_MS);
  }
}
