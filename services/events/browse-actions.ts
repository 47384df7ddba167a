import type { Context } from "moleculer";
import type { Collection } from "mongodb";
import { serverTime } from "../../mixins/mongo/server-clock";
import { BY, PAGING, type Paging, REASON, STRICT, TEXT } from "../../schemas/query-params";
import { type ArchiveRequest, archiveEvents } from "./archive";
import { eventChain } from "./chain";
import type { EventsServiceSchema } from "./events-service";
import { exportEvents } from "./export-events";
import type { EventFilter } from "./filter";
import { histogram, INTERVAL_NAMES, type Interval } from "./histogram";
import { type ListParams, listEvents } from "./list-events";
import { CURSOR, FILTER, FILTER_FIELDS } from "./params";
import { eventStats, getEvent, searchEvents } from "./query-events";
import type { StoredEvent } from "./stored-event";

// Any number of events. The typings do not know an action's timeout.
const NO_TIMEOUT = { timeout: 0 } as object;

/** The actions that look at stored events, and the one that takes some away. */
export const browseActions: EventsServiceSchema["actions"] = {
  /** → `EventPage`, the newest first. With `cursor`, what follows the rows that it came with. */
  list: {
    params: {
      ...STRICT,
      ...FILTER_FIELDS,
      status: { type: "enum", values: ["stored", "archived"], optional: true },
      cursor: CURSOR,
      ...PAGING,
    },
    handler(ctx: Context<ListParams>) {
      const { status } = ctx.params;
      const source = status === "archived" ? archiveOf(this.collections) : this.collection;
      return listEvents(source, ctx.params);
    },
  },
  /** → `EventRecord`. Error: WEIR_EVENT_NOT_FOUND. */
  get: {
    params: { ...STRICT, event_id: TEXT },
    handler(ctx: Context<{ event_id: string }>) {
      return getEvent(this.collection, ctx.params.event_id);
    },
  },
  /** → `{ rows: EventRecord[], total, page, pageSize }`, the best match first. */
  search: {
    params: { ...STRICT, text: TEXT, ...PAGING },
    handler(ctx: Context<Paging & { text: string }>) {
      return searchEvents(this.collection, ctx.params);
    },
  },
  /** → `{ total, oldest, newest, by_type: [{ event_type, count, oldest, newest }] }`. */
  stats: {
    params: { ...STRICT },
    handler() {
      return eventStats(this.collection);
    },
  },
  /** Counts by type and time → `Histogram`. */
  histogram: {
    params: {
      ...STRICT,
      ...FILTER_FIELDS,
      interval: { type: "enum", values: [...INTERVAL_NAMES], default: "hour" },
    },
    handler(ctx: Context<EventFilter & { interval: Interval }>) {
      return histogram(this.collection, ctx.params, serverTime(this.adapter.uri));
    },
  },
  /** All events of one correlation id, in the order in which they happened → `EventChain`. */
  chain: {
    params: {
      ...STRICT,
      correlation_id: TEXT,
      cursor: CURSOR,
      pageSize: { ...PAGING.pageSize, max: 1_000, default: 1_000 },
    },
    handler(ctx: Context<{ correlation_id: string; cursor?: string; pageSize: number }>) {
      return eventChain(this.collection, ctx.params);
    },
  },
  /** → a stream of NDJSON: one `EventRecord` a line, the oldest first. */
  export: {
    params: { ...STRICT, filter: FILTER },
    handler(ctx: Context<{ filter: EventFilter }>) {
      return exportEvents(this.collection, ctx.params.filter);
    },
  },
  /** Takes events out of the store, and keeps them with who and why → `{ archived }`. */
  archive: {
    ...NO_TIMEOUT,
    params: {
      ...STRICT,
      filter: { ...FILTER, optional: true },
      event_ids: { ...FILTER.props.event_ids, optional: true },
      by: BY,
      reason: REASON,
    },
    handler(ctx: Context<ArchiveRequest>) {
      return archiveEvents(
        this.collection,
        archiveOf(this.collections),
        ctx.params,
        serverTime(this.adapter.uri),
      );
    },
  },
};

function archiveOf(collections: Record<string, Collection>): Collection<StoredEvent> {
  return collections.events_archive as Collection<StoredEvent>;
}
