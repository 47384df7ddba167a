import { LRUCache } from "lru-cache";
import type { KeptResult } from "../../../schemas/calls";

/** A call that this node has completed, durably. */
export interface KnownCall {
  fingerprint: string;
  completed_at: Date;
  expires_at: Date;
  result: KeptResult;
}

export interface FrontStats {
  /** Questions answered without asking MongoDB. */
  hits: number;
  /** Questions that MongoDB was asked, because nothing was known here. */
  misses: number;
  entries: number;
  /** Bytes of the kept results. */
  bytes: number;
}

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_ENTRY_BYTES = 256 * 1024;
/** What an entry takes beside its result, roughly. */
const ENTRY_BYTES = 512;
/** Whoever deletes a key by hand finds it forgotten everywhere after so long. */
const KEPT_MS = 60_000;

/**
 * Spares MongoDB the repeats of calls that were completed a moment ago. It only ever answers "completed before", and that cannot
 * be wrong: a completed call's document is never changed and not removed before it expires. What it does not know it says nothing
 * about. For events there is no such memory: a reset of offsets, made by any gateway, makes handled keys new again.
 */
export class Front {
  readonly #entries = new LRUCache<string, { known: KnownCall; until: number }>({
    max: MAX_ENTRIES,
    maxSize: MAX_BYTES,
    maxEntrySize: MAX_ENTRY_BYTES,
    sizeCalculation: ({ known }) => ENTRY_BYTES + (known.result.json?.length ?? 0),
  });
  #hits = 0;
  #misses = 0;

  remember(key: string, known: KnownCall, now: Date): void {
    const until = Math.min(known.expires_at.getTime(), now.getTime() + KEPT_MS);
    this.#entries.set(key, { known, until });
  }

  /** Undefined says nothing: MongoDB has to be asked. */
  find(key: string, now: Date): KnownCall | undefined {
    const entry = this.#entries.get(key);
    if (entry && now.getTime() < entry.until) {
      this.#hits += 1;
      return entry.known;
    }
    if (entry) this.#entries.delete(key);
    this.#misses += 1;
    return undefined;
  }

  stats(): FrontStats {
    const { size, calculatedSize } = this.#entries;
    return { hits: this.#hits, misses: this.#misses, entries: size, bytes: calculatedSize };
  }
}
