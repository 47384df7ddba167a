import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  type PrivateServers,
  type PrivateServersOptions,
  programSources,
  type ServerControl,
  startPrivateServers,
} from "../../services/embedded/private-servers";
import { kafkaProgram } from "../../services/embedded/programs";
import { type Disk, smallDisk } from "./disk";
import { runGroupTool } from "./group-tool";
import { startSecondBroker } from "./second-broker";

/** What tests do with their own servers beyond stopping, killing and freezing them. */
export interface PrivateTestServers extends PrivateServers {
  /** A second Kafka process, a broker only, that joins the first one's cluster; the caller stops it. */
  startSecondBroker(): Promise<ServerControl>;
  /** Kafka's own `kafka-consumer-groups`, told which Kafka → what it printed. */
  groupTool(args: string[]): Promise<string>;
  /** Theirs alone; undefined where none was asked for. */
  disk?: Disk;
}

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
  options: Omit<PrivateServersOptions, "dataDir"> & { diskMib?: number } = {},
): Promise<PrivateTestServers> {
  const { folder, remove: removeFolder } = await temporaryFolder();
  const disk = options.diskMib === undefined ? undefined : await smallDisk(folder, options.diskMib);
  const remove = async () => {
    await disk?.unmount();
    await removeFolder();
  };
  const sources = programSources(options.env ?? process.env, options.programsDir);
  try {
    const servers = await startPrivateServers({ ...options, dataDir: folder });
    return {
      ...servers,
      ...(disk && { disk }),
      startSecondBroker: async () => startSecondBroker(await kafkaProgram(sources), folder),
      groupTool: (args) => runGroupTool(sources, ["--bootstrap-server", servers.brokers.join(","), ...args]),
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
