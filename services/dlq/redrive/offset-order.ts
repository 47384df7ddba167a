import type { ObjectId } from "mongodb";
import type { Parts } from "./waiting-keys";

/**
 * Puts letters of one group and partition into the order of their offsets, on the places that they have among the others. Their
 * ids are no order where a partition changed hands: two gateways that write within the same second number as they like.
 */
export function inOffsetOrder(ids: readonly ObjectId[], parts: Parts): ObjectId[] {
  const places = new Map<string, number[]>();
  for (const [at, id] of ids.entries()) {
    const letter = parts.get(id.toHexString());
    if (!letter) continue;
    const from = JSON.stringify([letter.group ?? null, letter.original_topic, letter.partition]);
    const known = places.get(from);
    if (known) known.push(at);
    else places.set(from, [at]);
  }
  const offsetOf = (id: ObjectId) => Number(parts.get(id.toHexString())?.offset);
  const ordered = [...ids];
  for (const mine of places.values()) {
    const sorted = mine.map((at) => ids[at] as ObjectId).sort((a, b) => offsetOf(a) - offsetOf(b));
    for (const [index, at] of mine.entries()) ordered[at] = sorted[index] as ObjectId;
  }
  return ordered;
}
