import {
  type Collection,
  type FilterQuery,
  type FindOneAndUpdateOption,
  ObjectId,
  type UpdateQuery,
} from "mongodb";
import { findPage } from "../../../mixins/mongo-schema/find-page";
import { WeirError } from "../../../schemas/errors";
import type { Page, Paging } from "../../../schemas/query-params";
import {
  type HistoryEntry,
  NO_COUNTS,
  type Position,
  type ReplayCounts,
  type ReplayOrderForm,
  type ReplaySession,
  type ReplayStatus,
  type ReplayView,
  viewOf,
} from "./session";

/** A gateway that died is missed after this time; the one at work says that it lives three times as often. */
export const REPLAY_LEASE_MS = 10_000;
const MAX_HISTORY = 100;

// The driver knows the option, its types do not.
const AFTER = { returnDocument: "after" } as FindOneAndUpdateOption<ReplaySession>;

/** The collection `replays`: every write of a session goes through here. */
export class ReplaySessions {
  constructor(
    private readonly collection: Collection<ReplaySession>,
    private readonly now: () => Date,
  ) {}

  async create(form: ReplayOrderForm, found: Pick<ReplaySession, "total" | "end">): Promise<ReplaySession> {
    const at = this.now();
    const session: ReplaySession = {
      _id: new ObjectId(),
      ...form,
      ...found,
      status: "running",
      cursor: null,
      counts: NO_COUNTS,
      epoch: 0,
      lease: null,
      waiting: null,
      created_at: at,
      updated_at: at,
      finished_at: null,
      history: [{ at, action: "created", ...(form.by !== undefined && { by: form.by }) }],
    };
    await this.collection.insertOne(session);
    return session;
  }

  /** The oldest running session that nobody works on; null where there is none. */
  async take(node: string): Promise<ReplaySession | null> {
    const at = this.now();
    const free = { status: "running", $or: [{ lease: null }, { "lease.until": { $lte: at } }] };
    const update = {
      $inc: { epoch: 1 },
      $set: { lease: this.lease(node) },
      ...history({ at, action: "taken", by: node }),
    };
    const { value } = await this.collection.findOneAndUpdate(
      free as FilterQuery<ReplaySession>,
      update as unknown as UpdateQuery<ReplaySession>,
      { ...AFTER, sort: { created_at: 1 } },
    );
    return value ?? null;
  }

  /** Remembers a chunk as done → the session as it is now; null for whoever has been replaced. */
  save(
    session: ReplaySession,
    node: string,
    cursor: Position,
    counts: ReplayCounts,
  ): Promise<ReplaySession | null> {
    const increments = Object.entries(counts).map(([name, count]) => [`counts.${name}`, count]);
    return this.write(session, {
      $set: { cursor, waiting: null, lease: this.lease(node), updated_at: this.now() },
      $inc: Object.fromEntries(increments),
    });
  }

  /** Says that it is still worked on → the session as it is now; null for whoever has been replaced. */
  renew(session: ReplaySession, node: string, waiting?: string): Promise<ReplaySession | null> {
    const told = waiting === undefined ? {} : { waiting: waiting.slice(0, 500) };
    return this.write(session, { $set: { lease: this.lease(node), ...told } });
  }

  /** Lets go of a session that may go on elsewhere. */
  async release(session: ReplaySession): Promise<void> {
    await this.write(session, { $set: { lease: null } });
  }

  /** False where it was paused, cancelled or taken over meanwhile. */
  async complete(session: ReplaySession): Promise<boolean> {
    const at = this.now();
    const { _id, epoch } = session;
    const { matchedCount } = await this.collection.updateOne(
      { _id, epoch, status: "running" },
      {
        $set: { status: "completed", lease: null, waiting: null, finished_at: at, updated_at: at },
        ...history({ at, action: "completed" }),
      },
    );
    return matchedCount === 1;
  }

  /** Throws WEIR_REPLAY_NOT_FOUND, and WEIR_REPLAY_STATE where it is in none of the states `from`. */
  async change(
    id: string,
    from: ReplayStatus[],
    to: ReplayStatus,
    entry: Omit<HistoryEntry, "at">,
  ): Promise<ReplayView> {
    const at = this.now();
    const { value } = await this.collection.findOneAndUpdate(
      { _id: new ObjectId(id), status: { $in: from } },
      {
        $set: {
          status: to,
          updated_at: at,
          // Why a paused one waits stays to be seen; whoever resumes it starts with a clean slate.
          waiting: to === "paused" ? (entry.reason ?? null) : null,
          ...(to === "cancelled" && { finished_at: at, lease: null }),
        },
        ...history({ at, ...entry }),
      },
      AFTER,
    );
    if (value) return viewOf(value);
    const { status } = await this.get(id);
    throw new WeirError(
      "WEIR_REPLAY_STATE",
      `Replay ${id} is ${status}: it can be ${entry.action} only while it is ${from.join(" or ")}.`,
      { id, status, expected: from },
    );
  }

  /** Throws WEIR_REPLAY_NOT_FOUND. */
  async get(id: string): Promise<ReplayView> {
    const found = await this.collection.findOne({ _id: new ObjectId(id) });
    if (found) return viewOf(found);
    throw new WeirError(
      "WEIR_REPLAY_NOT_FOUND",
      `There is no replay ${id}; events.replays shows what is there.`,
      { id },
    );
  }

  /** The newest first. */
  async list({ status, ...paging }: Paging & { status?: ReplayStatus }): Promise<Page<ReplayView>> {
    const query = status === undefined ? {} : { status };
    const found = await findPage(this.collection, query, paging, { sort: { created_at: -1, _id: -1 } });
    return { ...found, rows: found.rows.map(viewOf) };
  }

  private lease(node: string): { node: string; until: Date } {
    return { node, until: new Date(this.now().getTime() + REPLAY_LEASE_MS) };
  }

  private async write({ _id, epoch }: ReplaySession, update: object): Promise<ReplaySession | null> {
    const { value } = await this.collection.findOneAndUpdate({ _id, epoch }, update, AFTER);
    return value ?? null;
  }
}

function history(entry: HistoryEntry): object {
  return { $push: { history: { $each: [entry], $slice: -MAX_HISTORY } } };
}
