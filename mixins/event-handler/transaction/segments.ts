import type { Entry } from "../chunk";
import type { ResolvedHandler } from "../options";

export interface Segment {
  handler: ResolvedHandler;
  size: number;
}

/**
 * Neighbours that one batch handler takes are one call, every other entry is a call of its own. Nothing changes places:
 * a transaction that ends early has then handled everything below one offset, and nothing above it.
 */
export function segmentsOf(entries: readonly Pick<Entry, "handler">[]): Segment[] {
  const segments: Segment[] = [];
  for (const { handler } of entries) {
    const last = segments.at(-1);
    if (last && handler.batch && last.handler === handler) last.size += 1;
    else segments.push({ handler, size: 1 });
  }
  return segments;
}
