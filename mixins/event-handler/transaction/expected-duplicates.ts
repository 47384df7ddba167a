import { progressKey } from "../../../schemas/progress";
import type { ChunkRun } from "../chunk-run";
import type { TransactionStore } from "./records";

/** Partitions whose last look-up found keys that were handled before. */
const found = new Set<string>();

/**
 * Whether a chunk's keys are looked up before its transaction: a claim that meets a duplicate costs a whole transaction, a look-up
 * in vain costs every chunk. Parking asks for it in any case: what is done already waits behind nothing.
 */
export function expectsDuplicates({ request }: ChunkRun, store: TransactionStore): boolean {
  if (request.park || found.has(placeOf(request, store))) return true;
  return request.items.some(({ delivery }) => delivery.redelivered);
}

export function noteDuplicates({ request }: ChunkRun, store: TransactionStore, any: boolean): void {
  // What comes without a partition is looked up anyway, and its places are never at an end.
  if (request.partition < 0) return;
  if (any) found.add(placeOf(request, store));
  else found.delete(placeOf(request, store));
}

function placeOf({ group, topic, partition }: ChunkRun["request"], { database }: TransactionStore): string {
  return `${database}|${progressKey(group, topic, partition)}`;
}
