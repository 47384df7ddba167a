import type { Collection } from "mongodb";
import { findSelection } from "../../services/events/replay/begin";
import type { ReplaySession } from "../../services/events/replay/session";
import { ReplaySessions } from "../../services/events/replay/sessions";
import type { StoredEvent } from "../../services/events/stored-event";
import { type Effect, waitFor } from "../support";
import type { Daemon } from "../support/daemon";
import type { GroupUnderTest } from "./groups";
import type { GroupExpectation } from "./ledger";
import { judgeReplay } from "./replayed";
import type { Scene } from "./scene";

/** Events a second of the replay that finds everything handled, so that it is at work as long as the other. */
const HANDLED_A_SECOND = 75;

const KINDS = ["as new", "handled"] as const;
type Kind = (typeof KINDS)[number];

/**
 * Two replays of everything that was stored when they began: one hands it over as if it were new, the other only what was not
 * handled before, which is nothing.
 */
export class Replays {
  /** True where each has to have had more than one gateway. */
  struck = false;

  private constructor(
    private readonly scene: Scene,
    private readonly groups: readonly GroupUnderTest[],
    private readonly ids: Readonly<Record<Kind, ReplaySession["_id"]>>,
    private readonly owed: ReadonlySet<string>,
    /** Events that were stored at the very moment at which the replays began: they may be part of them. */
    private readonly justThen = new Set<string>(),
  ) {}

  /** Waits until all that was sent so far, a share of each topic, is handled, and begins them. */
  static async begin(scene: Scene, groups: readonly GroupUnderTest[], sent: number): Promise<Replays> {
    await scene.allCommitted();
    const { db } = scene.space;
    const owed = new Set(
      scene.types.flatMap((type) => scene.between(type, 0, sent)).filter((id) => scene.traffic.good.has(id)),
    );
    const sessions = new ReplaySessions(
      db.collection("replays") as Collection<ReplaySession>,
      () => new Date(),
    );
    const events = db.collection("events") as Collection<StoredEvent>;
    // As `events.replay` does: the gateways share no transporter with this process.
    const create = async (again: boolean, rate?: number) => {
      const form = { filter: {}, groups: groups.map(({ group }) => group), order: "stored" as const, again };
      const found = await findSelection(events, form);
      return (await sessions.create({ ...form, ...(rate && { rate }) }, found))._id;
    };
    const [asNew, handled] = await Promise.all([create(true), create(false, HANDLED_A_SECOND)]);
    return new Replays(scene, groups, { "as new": asNew, handled }, owed);
  }

  async session(kind: Kind): Promise<ReplaySession> {
    const found = await this.scene.space.db
      .collection<ReplaySession>("replays")
      .findOne({ _id: this.ids[kind] });
    if (!found) throw new Error(`there is a replay ${kind}`);
    return found;
  }

  /** Waits until both have got on to this share → the gateways at them: one, or one each. */
  async atWork(share: number): Promise<Set<Daemon>> {
    const holders = await this.holders(share);
    // The most telling moment, should it come: one that never comes is for the ledger to tell of.
    await waitFor(() => this.tookEffectPastTheCursor(), {
      what: "a transaction that is to be told of",
      limitMs: 3_000,
      everyMs: 10,
    }).catch(() => undefined);
    return holders;
  }

  private holders(share: number): Promise<Set<Daemon>> {
    return waitFor(
      async () => {
        const both = await Promise.all(KINDS.map((kind) => this.session(kind)));
        // One that is over would be waited for in vain.
        if (both.some(({ status }) => status !== "running")) throw new Error("a replay was over too soon");
        if (both.some(({ counts, total }) => counts.read < total * share)) return null;
        const holders = both.flatMap(({ lease }) => this.scene.gatewayNamed(lease?.node ?? "") ?? []);
        return holders.length === both.length ? new Set(holders) : null;
      },
      { what: `both replays to be ${share} done`, limitMs: 60_000, everyMs: 20 },
    );
  }

  /** True while a transaction has committed for the replay as new that it has not told of yet: its events are handed over again. */
  private async tookEffectPastTheCursor(): Promise<boolean> {
    const { db } = this.scene.space;
    const { _id, cursor } = await this.session("as new");
    const exact = this.groups.find(({ promise }) => promise === "exactly once");
    if (!exact || !cursor) return false;
    const ofGroup = { group: exact.group, mark: _id.toHexString() };
    const passed = { _id: { $lte: cursor.id }, event_type: { $in: this.scene.types.filter(exact.wants) } };
    const effects = await db.collection("effects").countDocuments(ofGroup);
    return effects > (await db.collection("events").countDocuments(passed));
  }

  async completed(): Promise<void> {
    for (const kind of KINDS) {
      await waitFor(async () => (await this.session(kind)).status === "completed", {
        what: `the replay ${kind} to be completed`,
        limitMs: 90_000,
      });
    }
    const { end } = await this.session("handled");
    const stored = this.scene.space.db
      .collection<StoredEvent>("events")
      .find({ _id: { $lte: end } } as object);
    for await (const { event_id } of stored) if (!this.owed.has(event_id)) this.justThen.add(event_id);
  }

  /** What a group owes: the live events as ever, everything once more for the one replay, nothing for the other. */
  expected({ group }: GroupUnderTest): Partial<GroupExpectation>[] {
    if (!this.groups.some((target) => target.group === group)) return [{}];
    const part = (kind: Kind) => {
      const id = this.ids[kind].toHexString();
      return { name: `replay ${kind}`, of: ({ replay, mark }: Effect) => replay === id && mark === id };
    };
    const only = new Set([...this.owed, ...this.justThen]);
    return [
      { part: { name: "live", of: ({ replay, mark }) => replay === undefined && mark === undefined } },
      { part: part("as new"), only, excused: this.justThen },
      { part: part("handled"), only: new Set() },
    ];
  }

  /** Holds what the sessions tell of themselves against what they were about; throws what differs. */
  async check(): Promise<void> {
    const { good } = this.scene.traffic;
    const problems: string[] = [];
    for (const kind of KINDS) {
      const session = await this.session(kind);
      const ids = await this.scene.space.db
        .collection<StoredEvent>("events")
        .distinct("event_id", { _id: { $lte: session.end } } as object);
      const wanted = this.groups.flatMap(({ wants }) =>
        ids.filter((id: string) => wants(good.get(id)?.event_type ?? "")),
      ).length;
      const due = {
        read: ids.length,
        wanted,
        groups: this.groups.length,
        inHand: this.scene.inHand.replayedOf(session._id.toHexString()) * this.groups.length,
      };
      problems.push(...judgeReplay(session, due).map((problem) => `replay ${kind}: ${problem}`));
      if (session.epoch < 2 && this.struck) problems.push(`replay ${kind}: it was never taken over`);
    }
    if (problems.length > 0) throw new Error(problems.join("; "));
  }
}
