import { once } from "node:events";
import path from "node:path";
import type { Middleware, ServiceBroker } from "moleculer";
import { projectFiles } from "./module-graph";
import { Reloader } from "./reload";

const SERVICE_FILE = /\.service\.(?:ts|js)$/;
const SETTLE_MS = 100;

/**
 * Replaces Moleculer's own hot reload under the same `--hot`: that one ends the process on a second faulty edit in a
 * row, loses a file that an editor replaces by renaming, and loads a mended service twice.
 */
export function hotReload(broker: ServiceBroker): Middleware | undefined {
  if (!broker.options.hotReload) return undefined;
  broker.options.hotReload = false;
  let watcher: Watcher | undefined;
  return {
    name: "HotReloadServices",
    async started() {
      watcher = await watchServices(broker);
    },
    async stopping() {
      await watcher?.close();
    },
  };
}

type Watcher = Awaited<ReturnType<typeof watchServices>>;

async function watchServices(broker: ServiceBroker) {
  // Loaded here because only development needs it.
  const { watch } = await import("chokidar");
  const reloader = new Reloader(broker);
  const changed = new Set<string>();
  /** Service files that were there and not loaded: left out on purpose, for example by `!services/samples/**`. */
  const leftOut = new Set<string>();
  const isServiceFile = (file: string) => SERVICE_FILE.test(file) && !leftOut.has(file);

  const flush = async () => {
    const batch = new Set(changed);
    changed.clear();
    await reloader.reload(batch, isServiceFile);
    watcher.add(projectFiles());
  };

  const folders = foldersOf(broker);
  const watcher = watch([...folders, ...projectFiles()], {
    ignored: (file) => file.includes(`${path.sep}node_modules${path.sep}`),
  });
  const loaded = new Set(projectFiles());
  const noteLeftOut = (file: string) => {
    if (SERVICE_FILE.test(file) && !loaded.has(file)) leftOut.add(file);
  };
  watcher.on("add", noteLeftOut);
  await once(watcher, "ready");
  watcher.off("add", noteLeftOut);
  // An editor saves in several steps.
  let settled: NodeJS.Timeout | undefined;
  watcher.on("all", (_event, file) => {
    if (!SERVICE_FILE.test(file) && !projectFiles().includes(file)) return;
    changed.add(file);
    clearTimeout(settled);
    settled = setTimeout(flush, SETTLE_MS);
  });
  broker.logger.info(
    `Hot reload watches ${folders.map((folder) => path.relative(process.cwd(), folder)).join(", ")}.`,
  );
  return watcher;
}

/** The folders that moleculer-runner was told to load services from. */
function foldersOf(broker: ServiceBroker): string[] {
  const { runner } = broker as { runner?: { folders?: string[] } };
  return runner?.folders ?? [];
}
