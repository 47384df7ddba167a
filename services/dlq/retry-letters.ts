import { randomUUID } from "node:crypto";
import { claimLetter, releaseLetter } from "./claim";
import { failedItem, type ItemResult } from "./item-result";
import { assertFirst, redeliverInOrder } from "./lanes/redeliver-in-order";
import { REDELIVERIES_AT_ONCE, type RetryPorts } from "./retry";

/** Hands each letter over again; the answers are in the order of the ids. One letter's fault is its own answer alone. */
export async function retryLetters(ports: RetryPorts, ids: string[]): Promise<ItemResult[]> {
  const results: ItemResult[] = new Array(ids.length);
  const queue = ids.entries();
  const followed = new Map<string, ItemResult>();
  const work = async (): Promise<void> => {
    for (const [index, id] of queue) {
      results[index] = await retryLetter({ ...ports, followed }, id).catch((error: Error) =>
        failedItem(id, error),
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(REDELIVERIES_AT_ONCE, ids.length) }, work));
  // One that was refused as parked may have followed what stood in front of it.
  return results.map((result) => (result.ok ? result : (followed.get(result.id) ?? result)));
}

async function retryLetter(ports: RetryPorts, id: string): Promise<ItemResult> {
  const { collection, now } = ports;
  // Not even taken for a moment: what stands in front of it may be about to let it follow.
  await assertFirst(collection, id);
  const letter = await claimLetter(collection, id, randomUUID(), now());
  return redeliverInOrder(ports, letter, () => releaseLetter(collection, letter));
}
