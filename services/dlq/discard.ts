import { randomUUID } from "node:crypto";
import type { Collection } from "mongodb";
import { claimLetter, settleLetter } from "./claim";
import { failedItem, type ItemResult } from "./item-result";
import { expiryOfClosed, type Letter, type LetterTtl } from "./letter";

export interface DiscardPorts {
  collection: Collection<Letter>;
  ttlDays: LetterTtl;
  now(): Date;
  discarded(letter: Letter): void;
}

/** Closes letters for good; why is kept in their history. The answers are in the order of the ids. */
export async function discardLetters(
  ports: DiscardPorts,
  ids: string[],
  reason: string,
): Promise<ItemResult[]> {
  const results: ItemResult[] = [];
  for (const id of ids) {
    results.push(await discardLetter(ports, id, reason).catch((error: Error) => failedItem(id, error)));
  }
  return results;
}

async function discardLetter(ports: DiscardPorts, id: string, reason: string): Promise<ItemResult> {
  const at = ports.now();
  const letter = await claimLetter(ports.collection, id, randomUUID(), at);
  const changes: Partial<Letter> = { status: "discarded", open: false, ...expiryOfClosed(ports.ttlDays, at) };
  await settleLetter(ports.collection, letter, changes, { at, action: "discarded", reason });
  ports.discarded(letter);
  return { id, ok: true, status: "discarded" };
}
