import { Readable } from "node:stream";
import type { Collection } from "mongodb";
import { type EventFilter, queryOf } from "./filter";
import { eventRecord, type StoredEvent } from "./stored-event";

const BATCH = 500;
const PART_CHARACTERS = 64 * 1024;

/** Matching events as NDJSON: one `EventRecord` a line, the oldest first. Read as slowly as the stream is read. */
export function exportEvents(events: Collection<StoredEvent>, filter: EventFilter): Readable {
  return Readable.from(lines(events, filter), { objectMode: false, highWaterMark: PART_CHARACTERS });
}

async function* lines(events: Collection<StoredEvent>, filter: EventFilter): AsyncGenerator<string> {
  const found = events
    .find(queryOf(filter), { allowDiskUse: true } as object)
    .sort({ timestamp: 1, _id: 1 })
    .batchSize(BATCH);
  try {
    let part = "";
    for await (const stored of found as unknown as AsyncIterable<StoredEvent>) {
      part += `${JSON.stringify(eventRecord(stored))}\n`;
      if (part.length < PART_CHARACTERS) continue;
      yield part;
      part = "";
    }
    if (part) yield part;
  } finally {
    await found.close();
  }
}
