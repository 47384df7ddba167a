import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Collection } from "mongodb";
import type { Letter } from "../../services/dlq/letter";
import type { RedriveChunk, RedriveJob } from "../../services/dlq/redrive/job";
import { createJob } from "../../services/dlq/redrive/start";
import { jobStatus, type RedriveItem, type RedriveRow, rowOf } from "../../services/dlq/redrive/status";
import { isBroken } from "../fixtures/broken";
import type { CrashStep } from "../fixtures/crash-at.config";
import { type Effect, waitFor } from "../support";
import type { Daemon } from "../support/daemon";
import { BROKEN, BROKEN_TRANSACTIONAL } from "./groups";
import type { GroupExpectation } from "./ledger";
import type { LetterEnd } from "./retried";
import type { GatewayOptions, Scene } from "./scene";

const BROKEN_GROUPS = [BROKEN.group, BROKEN_TRANSACTIONAL.group];
const PAGE_SIZE = 500;

/** Gateways of which one, whichever gets so far first, is killed at a step of its way. */
export function oneCrashes(scene: Scene, step: CrashStep, after: number): GatewayOptions {
  const TEST_CRASH_ONCE = path.join(tmpdir(), `${scene.space.name}-crashed`);
  scene.closeLast(async () => rmSync(TEST_CRASH_ONCE, { force: true }));
  return {
    config: "test/fixtures/crash-at.config.ts",
    env: { TEST_CRASH_AT: step, TEST_CRASH_AFTER: String(after), TEST_CRASH_ONCE },
  };
}

/** Waits until one of the gateways has ended by itself, and notes what it had in hand. */
export async function oneCrashed(scene: Scene): Promise<void> {
  const ended = ({ child }: Daemon) => child.signalCode !== null || child.exitCode !== null;
  const crashed = await waitFor(() => scene.gateways.find(ended), {
    what: "a gateway to end by itself",
    limitMs: 60_000,
  });
  await scene.gone(crashed);
}

/** The letters of events that failed, from the moment on at which they can be handled. */
export class Mended {
  /** Set as soon as a redrive hands them over. */
  job: RedriveJob | null = null;

  private constructor(
    private readonly scene: Scene,
    /** By group: the letters' ids by their events'. */
    private readonly letters: ReadonlyMap<string, ReadonlyMap<string, string>>,
    private readonly cameLater: (effect: Effect) => boolean,
  ) {}

  /** Waits until what was sent so far, a share of each topic, is handled or a letter, and mends what failed. */
  static async in(scene: Scene, sent: number): Promise<Mended> {
    await scene.allCommitted();
    const { db } = scene.space;
    const broken = scene.types
      .filter(BROKEN.wants)
      .flatMap((type) => scene.between(type, 0, sent))
      .filter((id) => scene.traffic.good.has(id) && isBroken({ event_id: id }));
    const letters = new Map(
      BROKEN_GROUPS.map((group) => [group, new Map(broken.map((id) => [id, "no letter"]))]),
    );
    for await (const { _id, group = "", event_id = "" } of db.collection<Letter>("dead_letters").find({}))
      if (letters.get(group)?.has(event_id)) letters.get(group)?.set(event_id, _id.toHexString());
    const cameLater = await scene.fromHereOn();
    await db.collection("mended").insertOne({ at: new Date() });
    return new Mended(scene, letters, cameLater);
  }

  get count(): number {
    return [...this.letters.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Ids of all of the letters. */
  get ids(): Set<string> {
    return new Set([...this.letters.values()].flatMap((ofGroup) => [...ofGroup.values()]));
  }

  /** What a group owes for its letters. */
  expected(group: string): Partial<GroupExpectation> {
    const letters = this.letters.get(group);
    if (!letters) return {};
    const mark = this.job && `redrive/${this.job._id.toHexString()}`;
    return { handedAgain: { letters, mayBeLive: this.cameLater, ...(mark && { mark }) } };
  }

  /** Begins a redrive of all that match. */
  async redrive(): Promise<void> {
    // As `dlq.redrive` does: the gateways share no transporter with this process.
    this.job = await createJob(this.stores, { filter: { reason: "handler_error" } }, new Date());
  }

  async row(): Promise<RedriveRow> {
    const job = await this.stores.jobs.findOne({ _id: this.job?._id });
    if (!job) throw new Error("there is a redrive");
    return rowOf(this.stores, job);
  }

  /** Waits until a gateway that lives has got on with the job to so many letters → the gateway. */
  async atWork(done: number): Promise<Daemon> {
    return waitFor(
      async () => {
        const row = await this.row();
        return row.done >= done && row.owner ? this.scene.gatewayNamed(row.owner) : undefined;
      },
      { what: `a gateway to be at the redrive, ${done} letters done`, limitMs: 60_000, everyMs: 20 },
    );
  }

  /** Waits until the job is at its end. */
  async completed(): Promise<void> {
    await waitFor(async () => (await this.row()).status === "completed", {
      what: "the redrive to be completed",
      limitMs: 90_000,
    });
  }

  /** What the job tells of each letter. */
  async items(): Promise<RedriveItem[]> {
    const items: RedriveItem[] = [];
    for (let page = 1; ; page += 1) {
      const id = this.job?._id.toHexString() ?? "";
      const { items: found } = await jobStatus(this.stores, { id, page, pageSize: PAGE_SIZE });
      items.push(...found.rows);
      if (found.rows.length < PAGE_SIZE) return items;
    }
  }

  async ends(): Promise<LetterEnd[]> {
    const ends: LetterEnd[] = [];
    for await (const letter of this.scene.space.db.collection<Letter>("dead_letters").find({})) {
      const { _id, group, event_id, status, open, history, claim } = letter;
      ends.push({
        id: _id.toHexString(),
        group,
        event_id,
        status,
        open,
        history,
        claimed: claim !== undefined,
      });
    }
    return ends;
  }

  /** Letters whose event may have taken effect before they were closed: in hand at the fault, or handled as a live copy. */
  async handledBefore(): Promise<(letter: LetterEnd) => boolean> {
    const live = await this.scene.space.db
      .collection<Effect>("effects")
      .find({ group: { $in: BROKEN_GROUPS }, mark: { $exists: false } })
      .toArray();
    const ids = new Set(live.map(({ group, event_id }) => `${group}/${event_id}`));
    return ({ group = "", event_id = "" }) =>
      ids.has(`${group}/${event_id}`) || this.scene.inHand.hadLetter(group, event_id);
  }

  private get stores() {
    const { db } = this.scene.space;
    return {
      jobs: db.collection("redrives") as Collection<RedriveJob>,
      chunks: db.collection("redrive_chunks") as Collection<RedriveChunk>,
    };
  }
}
