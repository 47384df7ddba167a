import type { Fate } from "./offset-action";

/**
 * How many messages ended how, for one group on this node since its start. Each message counts once, when the offset has
 * passed it: what was read = completed + duplicate + failed + refused + passed_over.
 */
export type GroupCounts = Record<Fate, number>;

export function newCounts(): GroupCounts {
  return { completed: 0, duplicate: 0, failed: 0, refused: 0, passed_over: 0, busy: 0, not_started: 0 };
}
