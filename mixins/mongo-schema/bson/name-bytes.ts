/** Producers choose the names within their events: neither many nor long ones may stay in memory. */
export const MAX_NAMES = 2_000;
/** UTF-16 units; of a longer name nothing is kept. */
export const MAX_KEPT_LENGTH = 64;

// Used by nobody but the writer, which is called by one command at a time: one for the process.
const kept = new Map<string, Uint8Array>();

/** The UTF-8 bytes of a member's name with their closing NUL; undefined for a name that BSON cannot hold. */
export function nameBytes(name: string): Uint8Array | undefined {
  const known = kept.get(name);
  if (known !== undefined) return known;
  if (name.includes("\0")) return undefined;
  const bytes = Uint8Array.from(Buffer.from(`${name}\0`, "utf8"));
  if (name.length > MAX_KEPT_LENGTH) return bytes;
  // Anew rather than full for ever: whoever fills it with names that never come again would slow all others down.
  if (kept.size >= MAX_NAMES) kept.clear();
  kept.set(name, bytes);
  return bytes;
}

export function keptNames(): number {
  return kept.size;
}
