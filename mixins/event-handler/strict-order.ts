import { type LaneFront, PARKED } from "../../schemas/lane";
import type { Chunk, Entry } from "./chunk";
import type { ChunkRun } from "./chunk-run";

/** What holds back a lane: an open letter, or an event that failed in this chunk and has no letter yet. */
type Front = Omit<LaneFront, "lane" | "id"> & { id?: string };

/**
 * The lanes of one chunk of a group that keeps order strictly. An event behind one that failed is not handled: it is parked,
 * as a letter of its own.
 */
export class StrictOrder {
  private readonly fronts = new Map<string, Front>();

  /** Asks once for the open letters of all lanes in the chunk, and parks what is behind one. */
  static async of(run: ChunkRun, chunk: Chunk): Promise<StrictOrder> {
    const order = new StrictOrder();
    const work = chunk.work();
    const lanes = [...new Set(work.flatMap(({ lane }) => lane ?? []))];
    if (lanes.length > 0) {
      const fronts = await run.ctx.call<LaneFront[], object>("dlq.fronts", { lanes });
      for (const { lane, ...front } of fronts) order.fronts.set(lane, front);
    }
    // Their key or their version could not be made out: failed before any handler saw them.
    for (const entry of chunk.entries) order.note(entry);
    for (const entry of work) order.parks(entry);
    return order;
  }

  /** Remembers an entry that has failed. */
  note({ lane, outcome, item }: Entry): void {
    if (lane === null || outcome?.status !== "failed") return;
    const front = { offset: Number(item.delivery.offset), event_id: item.event.event_id };
    const known = this.fronts.get(lane);
    if (!known || front.offset < known.offset) this.fronts.set(lane, front);
  }

  /** True for an entry that is behind a failed one; it has its outcome then. */
  parks(entry: Entry): boolean {
    if (entry.lane === null || entry.outcome) return false;
    const front = this.fronts.get(entry.lane);
    // Its own letter may be there already: the chunk comes again after the letter was stored.
    if (!front || front.offset > Number(entry.item.delivery.offset)) return false;
    const { id, event_id, offset } = front;
    entry.outcome = {
      status: "failed",
      reason: PARKED,
      error: {
        type: "WEIR_KEY_PARKED",
        message: `An earlier event of the same Kafka key waits as a dead letter (${id ?? `event ${event_id}`}, offset ${offset}); this one waits behind it, and was not handed to the handler.`,
        details: { front: { ...(id !== undefined && { id }), event_id, offset } },
      },
      attempts: 0,
      key: entry.key,
      behind: offset,
    };
    return true;
  }
}
