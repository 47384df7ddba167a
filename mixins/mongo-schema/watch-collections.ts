import type { Db } from "mongodb";
import { catalogueOf } from "./catalogue";

/** In ms: for so long a collection that was dropped may take writes before its indexes are back. */
const LOOK_EVERY_MS = 500;

interface Watch {
  collection: string;
  /** Of the collection as it was last seen; undefined where the next look is to find out. */
  uuid: string | undefined;
  heal(what: "dropped" | "replaced"): Promise<void>;
  healing: boolean;
}

const watchers = new WeakMap<Db, Watcher>();

/**
 * Calls `heal` when a collection is gone, or another one stands in its place. All services of a process share one
 * `listCollections` for each look: that costs a server less than a change stream, and needs no further right.
 */
export function watchCollection(
  db: Db,
  { collection, uuid, heal }: Pick<Watch, "collection" | "uuid" | "heal">,
): { stop(): void } {
  const watcher = watchers.get(db) ?? new Watcher(db);
  watchers.set(db, watcher);
  return watcher.add({ collection, uuid, heal, healing: false });
}

class Watcher {
  readonly #db: Db;
  readonly #watches = new Set<Watch>();
  #timer?: NodeJS.Timeout;
  #looking = false;

  constructor(db: Db) {
    this.#db = db;
  }

  add(watch: Watch): { stop(): void } {
    this.#watches.add(watch);
    this.#timer ??= setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
    return { stop: () => this.#remove(watch) };
  }

  #remove(watch: Watch): void {
    this.#watches.delete(watch);
    if (this.#watches.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const catalogue = await catalogueOf(this.#db, { fresh: true });
      for (const watch of this.#watches) this.#compare(watch, catalogue.get(watch.collection)?.uuid);
    } catch {
      // MongoDB is away: whatever happened meanwhile shows at the next look.
    } finally {
      this.#looking = false;
    }
  }

  #compare(watch: Watch, uuid: string | undefined): void {
    const before = watch.uuid;
    if (watch.healing || (uuid !== undefined && (before === undefined || before === uuid))) {
      if (!watch.healing) watch.uuid = uuid;
      return;
    }
    watch.healing = true;
    // What the healing makes is what the next look compares with.
    watch.uuid = undefined;
    watch
      .heal(uuid === undefined ? "dropped" : "replaced")
      .catch(() => {
        // Unlike any: the next look finds it replaced again.
        watch.uuid = "not healed";
      })
      .finally(() => {
        watch.healing = false;
      });
  }
}
