import { randomUUID } from "node:crypto";
import { claimLetter, settleLetter } from "./claim";
import { failedItem, type ItemResult } from "./item-result";
import { frontOf } from "./lanes/fronts";
import { expiryOfClosed, type Letter } from "./letter";
import type { LetterPorts } from "./ports";

/** Why letters are closed, and who does it. */
export interface Discard {
  reason: string;
  by: string;
}

/** Closes letters for good; why and by whom is kept in their history. The answers are in the order of the ids. */
export async function discardLetters(ports: LetterPorts, ids: string[], why: Discard): Promise<ItemResult[]> {
  const results: ItemResult[] = [];
  for (const id of ids) {
    results.push(await discardLetter(ports, id, why).catch((error: Error) => failedItem(id, error)));
  }
  return results;
}

async function discardLetter(ports: LetterPorts, id: string, why: Discard): Promise<ItemResult> {
  const at = ports.now();
  const letter = await claimLetter(ports.collection, id, randomUUID(), at);
  const changes: Partial<Letter> = {
    status: "discarded",
    open: false,
    ...expiryOfClosed(ports.ttlDays, at),
    // What is next waits for a person: whether it may be handled without this one, nobody else can say.
    ...(letter.lane !== undefined && !(await frontOf(ports.collection, letter)) && { front_discarded: true }),
  };
  const entry = { at, action: "discarded" as const, ...why };
  if (await settleLetter(ports.collection, letter, changes, [entry], ports.news("discarded", at))) {
    ports.tell("discarded", letter);
  }
  return { id, ok: true, status: "discarded" };
}
