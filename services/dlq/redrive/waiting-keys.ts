import type { ObjectId } from "mongodb";
import type { Letter } from "../letter";

/** What decides which letters go together, by id. */
export type Parts = ReadonlyMap<
  string,
  Pick<Letter, "raw_bytes" | "group" | "original_topic" | "partition" | "offset" | "key" | "lane">
>;

/** The Kafka keys whose events have to wait because one before them does: those of a key are handed over in their order. */
export class WaitingKeys {
  private readonly keys = new Set<string>();

  constructor(private readonly parts: Parts) {}

  /** Notes the letters that were handed over and have no outcome. */
  note(slice: readonly ObjectId[], outcomes: ReadonlyMap<string, unknown>): void {
    for (const id of slice) {
      const key = outcomes.has(id.toHexString()) ? null : this.keyOf(id);
      if (key !== null) this.keys.add(key);
    }
  }

  /** The letters that may go now. */
  without(slice: ObjectId[]): ObjectId[] {
    return slice.filter((id) => !this.keys.has(this.keyOf(id) ?? ""));
  }

  private keyOf(id: ObjectId): string | null {
    const letter = this.parts.get(id.toHexString());
    if (!letter || letter.key === null) return null;
    return JSON.stringify([letter.group ?? null, letter.original_topic, letter.key]);
  }
}
