import type { Db } from "mongodb";
import type { Letter } from "../../services/dlq/letter";
import type { RedriveChunk, RedriveJob } from "../../services/dlq/redrive/job";
import { selectionOf } from "../../services/events/replay/read-events";
import type { ReplaySession } from "../../services/events/replay/session";
import type { Effect } from "../support";

/** What redrives and replays had in hand at some moments: of what they hand over, only that may be doubled. */
export class InHand {
  private readonly letters = new Set<string>();
  private readonly replayed = new Set<string>();

  constructor(
    private readonly db: Db,
    private readonly chunkMessages: number,
  ) {}

  /**
   * Notes what is in hand now. `ahead`: how many chunks more than that count, where nobody could look at the very
   * moment of the fault.
   */
  async mark(ahead = 0): Promise<void> {
    const limit = ahead * this.chunkMessages;
    const taken = { $or: [{ claim: { $exists: true } }, { _id: { $in: await this.next(limit) } }] };
    for await (const { group, event_id } of this.db.collection<Letter>("dead_letters").find(taken as object))
      this.letters.add(`${group}/${event_id}`);
    const sessions = this.db.collection<ReplaySession>("replays").find({ status: "running" });
    for await (const session of sessions) await this.markReplay(session, limit + this.chunkMessages);
  }

  /** True where the effect's letter, or its event of a replay, was in hand at one of the marks. */
  had({ group, event_id, mark }: Effect): boolean {
    return this.hadLetter(group, event_id) || this.replayed.has(`${mark}/${event_id}`);
  }

  hadLetter(group: string, eventId: string): boolean {
    return this.letters.has(`${group}/${eventId}`);
  }

  /** How many events of a replay were in hand. */
  replayedOf(session: string): number {
    return [...this.replayed].filter((one) => one.startsWith(`${session}/`)).length;
  }

  /** The letters of running redrives that come next. */
  private async next(limit: number): Promise<RedriveChunk["letters"]> {
    const running = this.db.collection<RedriveJob>("redrives").find({ status: "running" });
    const jobs = (await running.toArray()).map(({ _id }) => _id);
    const chunks = this.db
      .collection<RedriveChunk>("redrive_chunks")
      .find({ job: { $in: jobs } })
      .sort({ n: 1 });
    const waiting = (await chunks.toArray()).flatMap(({ letters, results }) =>
      letters.filter((_, index) => !results[index]),
    );
    return waiting.slice(0, limit);
  }

  private async markReplay(session: ReplaySession, limit: number): Promise<void> {
    const behindCursor = this.db
      .collection<{ event_id: string }>("events")
      .find(selectionOf(session) as object)
      .sort({ _id: 1 })
      .limit(limit);
    for await (const { event_id } of behindCursor)
      this.replayed.add(`${session._id.toHexString()}/${event_id}`);
  }
}
