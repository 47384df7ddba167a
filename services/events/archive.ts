import { Errors } from "moleculer";
import type { Collection, ObjectId } from "mongodb";
import { insertNew } from "../../mixins/mongo-schema/insert-new";
import type { CollectionDeclaration } from "../../mixins/mongo-schema.mixin";
import { type EventFilter, queryOf } from "./filter";
import type { Archived, StoredEvent } from "./stored-event";

export const ARCHIVE_COLLECTION: CollectionDeclaration = {
  collection: "events_archive",
  description:
    "Events that somebody has taken out of the store, with who did it and why. Nothing removes them.",
  indexes: [
    { name: "by_time", key: { timestamp: -1, _id: -1 }, description: "events.list with the status archived" },
    { key: { event_id: 1 }, description: "whether an event was archived" },
    { key: { "archived.at": -1 }, description: "what was archived last" },
  ],
};

const BATCH = 500;

export interface ArchiveRequest {
  filter?: EventFilter;
  event_ids?: string[];
  by: string;
  reason: string;
}

/**
 * Moves events from the store to the archive → how many. Each is in the archive before it leaves the store: what a dead
 * process has left in both goes on at the next call with the same choice. Throws a ValidationError unless chosen in one way.
 */
export async function archiveEvents(
  events: Collection<StoredEvent>,
  archive: Collection<StoredEvent>,
  request: ArchiveRequest,
  now: Date,
): Promise<{ archived: number }> {
  const query = queryOf(chosen(request));
  const archived: Archived = { at: now, by: request.by, reason: request.reason };
  let count = 0;
  for (;;) {
    const found = (await events.find(query).limit(BATCH).toArray()) as (StoredEvent & { _id: ObjectId })[];
    if (found.length === 0) return { archived: count };
    await insertNew(
      archive,
      found.map((stored) => ({ ...stored, status: "archived" as const, archived })),
    );
    const { deletedCount = 0 } = await events.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } });
    count += deletedCount;
  }
}

function chosen({ filter, event_ids }: ArchiveRequest): EventFilter {
  if (filter && event_ids === undefined && Object.keys(filter).length > 0) return filter;
  if (event_ids && filter === undefined) return { event_ids };
  throw new Errors.ValidationError(
    "Choose the events by one of `event_ids` and `filter`; a filter has one member at least.",
    "VALIDATION_ERROR",
    [{ type: "required", field: "filter", message: "Exactly one of `event_ids` and `filter` is needed." }],
  );
}
