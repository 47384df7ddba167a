import { Errors } from "moleculer";
import type { Collection } from "mongodb";
import { type EventFilter, queryOf } from "../filter";
import type { StoredEvent } from "../stored-event";
import { selectionOf } from "./read-events";
import type { ReplayOrderForm, ReplaySession } from "./session";

/** What a session would replay. */
export interface DryRun {
  dry_run: true;
  total: number;
  /** By the events' own timestamps; null where nothing matches. */
  oldest: Date | null;
  newest: Date | null;
  by_type: { event_type: string; count: number; oldest: Date; newest: Date }[];
}

/** Throws a ValidationError unless the events go to groups, or to a topic. */
export function assertOneDestination({ groups, topic }: Pick<ReplayOrderForm, "groups" | "topic">): void {
  if ((groups === undefined) !== (topic === undefined)) return;
  refuse("groups", "Exactly one of `groups` and `topic` is needed: where the events go.");
}

/** Throws a ValidationError for the group that stored the events itself. */
export function assertNotTheStore(groups: string[] | undefined, own: string): void {
  if (!groups?.includes(own)) return;
  refuse("groups", `Group ${own} is the store that the events come from: name the groups of plugins.`);
}

function refuse(field: string, message: string): never {
  throw new Errors.ValidationError(message, "VALIDATION_ERROR", [{ type: "replay", field, message }]);
}

/** What is stored now and matches: later ones are delivered anyway. */
export async function findSelection(
  events: Collection<StoredEvent>,
  form: Pick<ReplayOrderForm, "filter" | "order">,
): Promise<Pick<ReplaySession, "end" | "total">> {
  const [last] = await events
    .find({}, { projection: { _id: 1 } })
    .sort({ _id: -1 })
    .limit(1)
    .toArray();
  const end = (last as Pick<ReplaySession, "_id"> | undefined)?._id ?? null;
  const total = end === null ? 0 : await events.countDocuments(selectionOf({ ...form, end, cursor: null }));
  return { end, total };
}

export async function dryRun(events: Collection<StoredEvent>, filter: EventFilter): Promise<DryRun> {
  const by_type = await events
    .aggregate<DryRun["by_type"][number]>([
      { $match: queryOf(filter) },
      {
        $group: {
          _id: "$event_type",
          count: { $sum: 1 },
          oldest: { $min: "$timestamp" },
          newest: { $max: "$timestamp" },
        },
      },
      { $project: { _id: 0, event_type: "$_id", count: 1, oldest: 1, newest: 1 } },
      { $sort: { count: -1, event_type: 1 } },
    ])
    .toArray();
  const times = by_type.flatMap(({ oldest, newest }) => [oldest.getTime(), newest.getTime()]);
  return {
    dry_run: true,
    total: by_type.reduce((sum, { count }) => sum + count, 0),
    oldest: times.length > 0 ? new Date(Math.min(...times)) : null,
    newest: times.length > 0 ? new Date(Math.max(...times)) : null,
    by_type,
  };
}
