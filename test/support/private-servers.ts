import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  type PrivateServers,
  type PrivateServersOptions,
  startPrivateServers,
} from "../../services/embedded/private-servers";

/** An empty folder outside the repository, and how to remove it. */
export async function temporaryFolder(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), "weir-test-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

/**
 * A Kafka and a MongoDB of the spec's own, on empty data, for tests that stop, kill or freeze them.
 * `close` stops them and removes their data.
 */
export async function privateServers(
  options: Omit<PrivateServersOptions, "dataDir"> = {},
): Promise<PrivateServers> {
  const { folder, remove } = await temporaryFolder();
  try {
    const servers = await startPrivateServers({ ...options, dataDir: folder });
    return {
      ...servers,
      close: async () => {
        await servers.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
