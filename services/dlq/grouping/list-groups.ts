import type { Collection } from "mongodb";
import { BOUNDED, boundedRead, skippedBefore } from "../../../mixins/mongo/bounded-read";
import type { Page, Paging } from "../../../schemas/query-params";
import type { Letter } from "../letter";
import type { Items } from "../named-letters";
import { queryOf } from "../query";
import type { RedriveJob } from "../redrive/job";
import type { FailureGroup, GroupStatus } from "./group";
import { type Pattern, patternOf } from "./pattern";
import type { GroupStores } from "./set-group";

/** One cause of failures with its open letters. Times are RFC 3339. */
export interface GroupRow {
  /** `-`: letters of an earlier version, which have none. */
  fingerprint: string;
  status: GroupStatus;
  note?: string;
  by?: string;
  at?: string;
  reason: string;
  error: { type: string; message: string };
  group?: string;
  event_type?: string;
  /** Open letters. */
  count: number;
  /** Different Kafka keys among them. */
  keys: number;
  first_seen: string;
  last_seen: string;
  /** The id of the letter that failed last. */
  sample: string;
  pattern: Pattern;
  /** Since the oldest redrive that runs or is paused began: letters that came new, and that failed again. Null without one. */
  during_redrive: { new: number; again: number } | null;
}

export interface GroupsRequest extends Paging {
  filter?: Items["filter"];
  status?: GroupStatus;
}

interface Counted {
  _id: string | null;
  count: number;
  attempts: number;
  keys: number;
  first: Date;
  last: { at: Date; letter: Pick<Letter, "_id" | "reason" | "error" | "group" | "event_type"> };
  fresh: number;
  again: number;
}

/**
 * Open letters by their cause, the most frequent first. Without a status: all but the ignored ones. Counted by the server,
 * which keeps what does not fit its memory on disk; only as much as one row per cause comes here.
 */
export async function listGroups(
  stores: GroupStores & { jobs: Collection<RedriveJob> },
  { filter = {}, status, page, pageSize }: GroupsRequest,
): Promise<Page<GroupRow>> {
  const skipped = skippedBefore({ page, pageSize });
  const since = await redriveSince(stores.jobs);
  const counted = await boundedRead(count(stores.letters, filter, since));
  const ids = counted.flatMap(({ _id }) => _id ?? []);
  const said = new Map(
    (await stores.groups.find({ _id: { $in: ids } }).toArray()).map((group) => [group._id, group]),
  );
  const rows = counted
    .map((one) => rowOf(one, counted, said.get(one._id ?? ""), since))
    .filter((row) => (status ? row.status === status : row.status !== "ignored"));
  return { rows: rows.slice(skipped, skipped + pageSize), total: rows.length, page, pageSize };
}

/** When the oldest redrive began that is not at its end. */
async function redriveSince(jobs: Collection<RedriveJob>): Promise<Date | null> {
  const oldest = await jobs.findOne(
    { status: { $in: ["running", "paused"] } },
    { sort: { created_at: 1 }, projection: { created_at: 1 } },
  );
  return oldest?.created_at ?? null;
}

function count(
  letters: Collection<Letter>,
  filter: NonNullable<GroupsRequest["filter"]>,
  since: Date | null,
): Promise<Counted[]> {
  const after = (field: string) => (since ? { $gt: [field, since] } : false);
  const isNew = after("$created_at");
  const again = { $and: [{ $not: [isNew] }, after("$failed_at")] };
  const one = (condition: unknown) => ({ $sum: { $cond: [condition, 1, 0] } });
  const last = { at: "$failed_at", letter: LETTER };
  return letters
    .aggregate<Counted>(
      [
        { $match: { ...queryOf(filter), status: { $in: ["pending", "scheduled"] } } },
        // First by key, so that keys are counted without a list of them in memory. One without a key is one of its own.
        {
          $group: {
            _id: { fingerprint: "$fingerprint", key: { $ifNull: ["$key", "$_id"] } },
            count: { $sum: 1 },
            attempts: { $sum: "$attempts" },
            first: { $min: "$first_failed_at" },
            last: { $max: last },
            fresh: one(isNew),
            again: one(again),
          },
        },
        {
          $group: {
            _id: "$_id.fingerprint",
            count: { $sum: "$count" },
            attempts: { $sum: "$attempts" },
            keys: { $sum: 1 },
            first: { $min: "$first" },
            last: { $max: "$last" },
            fresh: { $sum: "$fresh" },
            again: { $sum: "$again" },
          },
        },
        { $sort: { count: -1, _id: 1 } },
      ],
      { allowDiskUse: true, ...BOUNDED },
    )
    .toArray();
}

/** What a row shows of the letter that failed last. */
const LETTER = {
  _id: "$_id",
  reason: "$reason",
  error: { type: "$error.type", message: { $substrCP: ["$error.message", 0, 300] } },
  group: "$group",
  event_type: "$event_type",
};

function rowOf(one: Counted, all: Counted[], said: FailureGroup | undefined, since: Date | null): GroupRow {
  const { _id, reason, error, group, event_type } = one.last.letter;
  const sum = (of: Counted[]) => of.reduce((total, { count }) => total + count, 0);
  const ofPlugin = all.filter(({ last }) => last.letter.group === group);
  const sameError = ofPlugin.filter(({ last }) => last.letter.error.type === error.type);
  const reopened = said?.status === "resolved" && one.last.at > said.at;
  return {
    fingerprint: one._id ?? "-",
    status: reopened ? "open" : (said?.status ?? "open"),
    ...(said?.note !== undefined && { note: said.note }),
    ...(said && { by: said.by, at: said.at.toISOString() }),
    reason,
    error,
    ...(group !== undefined && { group }),
    ...(event_type !== undefined && { event_type }),
    count: one.count,
    keys: one.keys,
    first_seen: one.first.toISOString(),
    last_seen: one.last.at.toISOString(),
    sample: _id.toHexString(),
    pattern: patternOf({ ...one, ofPlugin: sum(ofPlugin), sameError: sum(sameError) }),
    during_redrive: since ? { new: one.fresh, again: one.again } : null,
  };
}
