import { Errors } from "moleculer";
import type { Collection } from "mongodb";
import { type EventFilter, queryOf } from "../filter";
import type { StoredEvent } from "../stored-event";
import { countByType, type TypeCounts } from "../type-counts";
import { selectionOf } from "./read-events";
import type { ReplayOrderForm, ReplaySession } from "./session";

/** What a session would replay. */
export interface DryRun extends TypeCounts {
  dry_run: true;
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
  return { dry_run: true, ...(await countByType(events, { $match: queryOf(filter) })) };
}
