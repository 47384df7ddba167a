import type { Collection, FilterQuery } from "mongodb";
import type { ReplayItem } from "../../../schemas/replay";
import { queryOf } from "../filter";
import { eventRecord, type StoredEvent } from "../stored-event";
import type { Position, ReplaySession } from "./session";

export interface ReplayChunk {
  items: ReplayItem[];
  /** Of the last of them. */
  position: Position;
}

export interface ChunkLimits {
  maxMessages: number;
  maxBytes: number;
}

/** A document as the collection holds it. */
type Document = StoredEvent & { _id: Position["id"] };
type Selection = Pick<ReplaySession, "filter" | "order" | "cursor" | "end">;

/** All events of a session behind its cursor, as a query: what is stored after its beginning is none of it. */
export function selectionOf({ filter, order, cursor, end }: Selection): FilterQuery<StoredEvent> {
  const query = queryOf(filter);
  const parts: object[] = [query, { _id: { $lte: end } }];
  if (cursor && order === "stored") parts.push({ _id: { $gt: cursor.id } });
  if (cursor && order === "timestamp") {
    // The bound first: it is what the index is entered by.
    parts.push({ timestamp: { $gte: cursor.at } });
    parts.push({ $or: [{ timestamp: { $gt: cursor.at } }, { _id: { $gt: cursor.id } }] });
  }
  return { $and: parts };
}

/** Reads a session's events chunk by chunk from its cursor on; what is in memory at a time is bounded. */
export async function* readEvents(
  events: Collection<StoredEvent>,
  session: Selection,
  { maxMessages, maxBytes }: ChunkLimits,
): AsyncGenerator<ReplayChunk, void> {
  if (session.end === null) return;
  const found = events
    .find(selectionOf(session), { allowDiskUse: true } as object)
    .sort(session.order === "stored" ? { _id: 1 } : { timestamp: 1, _id: 1 })
    .batchSize(maxMessages);
  try {
    let items: ReplayItem[] = [];
    let bytes = 0;
    let last: Document | null = null;
    for await (const document of found as unknown as AsyncIterable<Document>) {
      const item = itemOf(document);
      const size = Buffer.byteLength(JSON.stringify(item.event));
      if (last && (items.length >= maxMessages || bytes + size > maxBytes)) {
        yield { items, position: positionOf(last) };
        items = [];
        bytes = 0;
      }
      items.push(item);
      bytes += size;
      last = document;
    }
    if (last && items.length > 0) yield { items, position: positionOf(last) };
  } finally {
    await found.close();
  }
}

function itemOf(document: Document): ReplayItem {
  return { event: eventRecord(document).event, ...document.kafka };
}

function positionOf({ timestamp, _id }: Document): Position {
  return { at: timestamp, id: _id };
}
