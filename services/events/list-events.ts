import { Errors } from "moleculer";
import { type Collection, type FilterQuery, ObjectId } from "mongodb";
import { BOUNDED, boundedRead, skippedBefore } from "../../mixins/mongo/bounded-read";
import type { Page, Paging } from "../../schemas/query-params";
import { type EventFilter, queryOf } from "./filter";
import { type EventRecord, eventRecord, type StoredEvent } from "./stored-event";

export const NEWEST_FIRST = { timestamp: -1, _id: -1 } as const;

/** A list by pages, or from a cursor on: then without `total` and `page`, which would cost a count for every step. */
export type EventPage = Omit<Page<EventRecord>, "total" | "page"> &
  Partial<Pick<Page<EventRecord>, "total" | "page">> & {
    /** Where the next rows begin, whatever is stored meanwhile; null behind the last. */
    next_cursor: string | null;
  };

export type ListParams = EventFilter & Paging & { status?: "stored" | "archived"; cursor?: string };

/** Events that match all that is given, the newest first; events of one time in the order in which they were stored, backwards. */
export async function listEvents(
  events: Collection<StoredEvent>,
  { page, pageSize, cursor, status, ...filter }: ListParams,
): Promise<EventPage> {
  const query = { ...queryOf(filter), ...(status !== undefined && { status }) } as FilterQuery<StoredEvent>;
  if (cursor !== undefined) {
    if (page > 1)
      throw new Errors.ValidationError("A list goes on from `cursor`, or has a `page`: not both.");
    const rows = await boundedRead(rowsOf(events, behind(query, cursor), 0, pageSize));
    return { ...pageOf(rows, pageSize), pageSize };
  }
  const skipped = skippedBefore({ page, pageSize });
  const isEverything = Object.keys(query).length === 0;
  const [rows, total] = await boundedRead(
    Promise.all([
      rowsOf(events, query, skipped, pageSize),
      isEverything ? events.estimatedDocumentCount() : events.countDocuments(query, BOUNDED),
    ]),
  );
  return { ...pageOf(rows, pageSize), total, page, pageSize };
}

/** One more than a page: whether anything follows. */
function rowsOf(
  events: Collection<StoredEvent>,
  query: FilterQuery<StoredEvent>,
  skip: number,
  pageSize: number,
) {
  return events
    .find(query, BOUNDED)
    .sort(NEWEST_FIRST)
    .skip(skip)
    .limit(pageSize + 1)
    .toArray();
}

function pageOf(found: StoredEvent[], pageSize: number): Pick<EventPage, "rows" | "next_cursor"> {
  const rows = found.slice(0, pageSize);
  const last = rows.at(-1);
  return {
    rows: rows.map(eventRecord),
    next_cursor: found.length > pageSize && last ? cursorOf(last) : null,
  };
}

export function cursorOf(stored: StoredEvent): string {
  const { _id, timestamp } = stored as StoredEvent & { _id: ObjectId };
  return `${timestamp.getTime()}-${_id.toHexString()}`;
}

/** What comes after the row that the cursor was made of. */
export function behind(
  query: FilterQuery<StoredEvent>,
  cursor: string,
  direction: "$lt" | "$gt" = "$lt",
): FilterQuery<StoredEvent> {
  const dash = cursor.lastIndexOf("-");
  const at = new Date(Number(cursor.slice(0, dash)));
  const id = new ObjectId(cursor.slice(dash + 1));
  const bound = direction === "$lt" ? "$lte" : "$gte";
  // The bound first: it is what the index is entered by.
  return {
    $and: [
      query,
      { timestamp: { [bound]: at } },
      { $or: [{ timestamp: { [direction]: at } }, { _id: { [direction]: id } }] },
    ],
  } as FilterQuery<StoredEvent>;
}
