import assert from "node:assert/strict";
import type { ObjectId } from "mongodb";
import type { ClaimDocument, Fence } from "../../schemas/claims";
import type { ProgressDocument } from "../../schemas/progress";
import { type ClaimStore, claim, LEASE_MS } from "../../services/idempotency/claim";
import { acquire, beginAnew, handOut, rememberTakeover } from "../../services/idempotency/progress";
import { settle } from "../../services/idempotency/settle";
import { seeded } from "../support";
import { MemoryCollection, type Step } from "../support/memory-collection";

/** A share of them in every run; `CLAIMS_SCHEDULES=100000`, for whoever changes the claims, is enough for every pair of steps. */
const SCHEDULES = Number(process.env.CLAIMS_SCHEDULES ?? 15_000);
const GROUP = "g";
const TOPIC = "t";
const TTL_MS = 3_600_000;
const PARTITIONS = 2;
const OWNERS = 3;
const MESSAGES = 4;
const KEYS = 5;
const MAX_CHUNK = 3;

interface Committed {
  offset: number;
  progressId: string | null;
}

/** One random interleaving: three owners, two partitions with events in common, and whatever goes wrong. */
class World {
  private readonly random: () => number;
  private readonly claims = MemoryCollection.empty({ unique: "keys" });
  private readonly progress = MemoryCollection.empty({ unique: "_id" });
  private readonly messages: string[][];
  private readonly committed: Committed[] = [];
  /** Who owns each partition by the coordinator's word: a raised number ends the earlier one. */
  private readonly generation: number[] = [];
  private readonly ready: (() => void)[] = [];
  private now = Date.parse("2026-01-01T00:00:00Z");
  private faults = true;
  /** What a handler has taken effect for, whether or not that was settled: a partition and an offset. */
  private readonly handled = new Set<string>();
  private readonly completedBy = new Map<string, ObjectId>();
  /** Keys that were settled and have expired since. */
  private readonly expired = new Set<string>();
  private readonly letters = new Set<string>();
  private readonly violations: string[] = [];
  private readonly lines: (() => string)[] = [];

  constructor(readonly seed: number) {
    this.random = seeded(seed);
    this.messages = Array.from({ length: PARTITIONS }, () =>
      Array.from({ length: MESSAGES }, () => `k${this.below(KEYS)}`),
    );
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      this.committed.push({ offset: 0, progressId: null });
      this.generation.push(0);
    }
  }

  get trace(): string {
    return this.lines.map((line) => line()).join("\n");
  }

  /** → what was broken, in words. */
  async run(): Promise<string[]> {
    for (let owner = 0; owner < OWNERS; owner += 1) this.assign(this.below(PARTITIONS), owner);
    for (let moves = 0; moves < 60 && this.ready.length > 0; moves += 1) {
      const roll = this.random();
      // An owner that is replaced does not know it yet: its steps go on among the others'.
      if (roll < 0.06) this.assign(this.below(PARTITIONS), this.below(OWNERS));
      else if (roll < 0.08) this.now += LEASE_MS;
      else if (roll < 0.1) this.crash();
      else if (roll < 0.12) this.expire();
      else this.next();
      await settled();
    }
    await this.finish();
    return this.violations;
  }

  /** Everybody is gone; new owners come whom nothing disturbs. */
  private async finish(): Promise<void> {
    this.ready.length = 0;
    this.faults = false;
    this.now += LEASE_MS;
    for (let partition = 0; partition < PARTITIONS; partition += 1) this.assign(partition, OWNERS);
    for (let moves = 0; this.ready.length > 0; moves += 1) {
      if (moves > 2_000) return void this.violations.push("it never comes to an end");
      this.next();
      await settled();
    }
    for (const [partition, { offset }] of this.committed.entries()) {
      if (offset !== MESSAGES) this.violations.push(`partition ${partition} ended at ${offset}`);
    }
    for (const key of this.messages.flat()) {
      if (!this.isDone(key)) this.violations.push(`${key} is lost`);
    }
  }

  private assign(partition: number, owner: number): void {
    const generation = (this.generation[partition] ?? 0) + 1;
    this.generation[partition] = generation;
    this.lines.push(() => `owner ${owner} is assigned ${partition}, generation ${generation}`);
    this.stay(owner, partition, generation).catch((error) => this.violations.push(String(error)));
  }

  /** A member that was fenced, or got no answer, begins again: it is still assigned the partition as far as it knows. */
  private async stay(owner: number, partition: number, generation: number): Promise<void> {
    while (!(await this.own(owner, partition, generation)));
  }

  /** One ownership of one partition, as the bridge and the mixin have it → true at its end, false to begin again. */
  private async own(owner: number, partition: number, generation: number): Promise<boolean> {
    const step = this.stepOf(`${owner}/${partition}.${generation}`);
    const claims = this.claims.through(step);
    const progress = this.progress.through(step);
    const store: ClaimStore = {
      claims: claims.as<ClaimDocument>(),
      handOut: (by, group) => handOut(progress.as<ProgressDocument>(), by, group),
      rememberTakeover: (fence, group, offset) =>
        rememberTakeover(progress.as<ProgressDocument>(), fence, group, offset),
      now: () => new Date(this.now),
    };
    const start = { ...(this.committed[partition] as Committed) };
    const request = { group: GROUP, topic: TOPIC, partition, committed_progress_id: start.progressId };
    let position = start.offset;
    try {
      const owned = await acquire(progress.as<ProgressDocument>(), request, store.now());
      this.lines.push(
        () =>
          `  ${owner}/${partition}.${generation} ${owned.began}, epoch ${owned.epoch}, redelivered to ${owned.redelivered_to}`,
      );
      const commit = () => step(() => this.commit(partition, generation, position, owned.progress_id));
      if (!(await commit())) return true;
      const { epoch, progress_id } = owned;
      let redeliveredTo = owned.redelivered_to ?? -1;
      if (owned.began === "anew") {
        const begin = { group: GROUP, topic: TOPIC, partition, epoch, progress_id, from: position };
        await beginAnew(progress.as<ProgressDocument>(), store.claims, begin, store.now());
      }
      for (let attempt = 1; position < MESSAGES; ) {
        const chunk = (this.messages[partition] ?? []).slice(position, position + 1 + this.below(MAX_CHUNK));
        const to = position + chunk.length - 1;
        const by = { topic: TOPIC, partition, epoch: owned.epoch, attempt, from: position, to };
        const delivered = await this.deliver(store, step, chunk, by, redeliveredTo).catch((error) => {
          if (!isLost(error)) throw error;
          attempt += 1;
          return { passed: 0, handledTo: to };
        });
        const { passed } = delivered;
        redeliveredTo = Math.max(redeliveredTo, delivered.handledTo);
        position += passed;
        if (passed > 0 && !(await commit())) return true;
      }
      return true;
    } catch (error) {
      if (isLost(error) || (error as { type?: string }).type === "WEIR_FENCED") return false;
      throw error;
    }
  }

  /** Claim, handle, settle → how many of the chunk's messages the offset may pass, and the last that was handled behind a busy one. */
  private async deliver(
    store: ClaimStore,
    step: Step,
    chunk: string[],
    by: Parameters<typeof claim>[1]["by"],
    redeliveredTo: number,
  ): Promise<{ passed: number; handledTo: number }> {
    const keys = [...new Set(chunk)];
    const claimed = await claim(store, { group: GROUP, keys, by });
    const upTo = Math.max(redeliveredTo, claimed.redelivered_to ?? -1);
    const held = keys.filter((key) => !claimed.duplicates.includes(key) && !claimed.busy.includes(key));
    const failed: string[] = [];
    for (const key of held) {
      const redelivered = claimed.redelivered.includes(key) || by.from + chunk.indexOf(key) <= upTo;
      const offsets = chunk.flatMap((other, index) => (other === key ? [by.from + index] : []));
      if (await step(() => this.handleFails(by, key, offsets, redelivered, claimed.id))) failed.push(key);
    }
    if (claimed.id !== null) {
      const settlement = { id: claimed.id, release: failed, claimed: held.length, ttl_ms: TTL_MS };
      if ((await settle(store.claims, settlement, store.now())) === "fenced")
        throw Object.assign(new Error("fenced"), { type: "WEIR_FENCED" });
    }
    const stop = chunk.findIndex((key) => claimed.busy.includes(key));
    const passing = stop < 0 ? chunk : chunk.slice(0, stop);
    const given = failed.filter((key) => passing.includes(key));
    if (given.length > 0) {
      await step(() => {
        for (const key of given) this.letters.add(key);
      });
    }
    const handledTo = chunk.findLastIndex((key) => held.includes(key));
    return { passed: passing.length, handledTo: handledTo < passing.length ? -1 : by.from + handledTo };
  }

  /** → true where the handler throws, before it took effect. */
  private handleFails(
    by: Fence,
    key: string,
    offsets: number[],
    redelivered: boolean,
    claimId: string | null,
  ): boolean {
    const { partition } = by;
    const under = () => `${partition}, epoch ${by.epoch}.${by.attempt}, claim ${claimId?.slice(-4)}`;
    this.lines.push(() => `  ${key} is handled under ${under()}${redelivered ? ", redelivered" : ""}`);
    // A claim that was taken over under its handler's hands: the other one's run was marked. A second copy of what became
    // a letter is a delivery of its own.
    const isFenced = !this.claims.all<ClaimDocument>().some(({ _id }) => _id.toHexString() === claimId);
    const again =
      offsets.some((offset) => this.handled.has(`${partition} ${offset}`)) && !this.letters.has(key);
    if (again && !redelivered && !isFenced)
      this.violations.push(`${key} is handled again and not marked redelivered`);
    if (this.faults && this.random() < 0.05) return true;
    for (const offset of offsets) this.handled.add(`${partition} ${offset}`);
    return false;
  }

  /** The coordinator takes a commit of the partition's owner alone. */
  private commit(partition: number, generation: number, offset: number, progressId: string): boolean {
    if (this.generation[partition] !== generation) return false;
    for (const key of (this.messages[partition] ?? []).slice(0, offset)) {
      if (!this.isDone(key))
        this.violations.push(`the offset passed ${key}, which is neither settled nor a letter`);
    }
    this.committed[partition] = { offset, progressId };
    this.lines.push(() => `  ${partition} is committed up to ${offset}`);
    return true;
  }

  /** Every operation waits until it is chosen; now and then the request or its answer gets lost. */
  private stepOf(name: string): Step {
    return (run) =>
      new Promise((resolve, reject) => {
        this.ready.push(() => {
          const roll = this.faults ? this.random() : 1;
          const lost = () => reject(new AnswerLost(name));
          if (roll < 0.02) return lost();
          try {
            const result = run();
            this.noteCompleted();
            if (roll < 0.04) lost();
            else resolve(result);
          } catch (error) {
            reject(error);
          }
        });
      });
  }

  private next(): void {
    const index = this.below(this.ready.length);
    const [chosen] = this.ready.splice(index, 1);
    chosen?.();
  }

  /** Everything settled so far is forgotten: from now on a copy is new, but what is handed over again has to say so. */
  private expire(): void {
    this.lines.push(() => "what was settled expires");
    this.claims.expire(({ status }) => status === "completed");
    for (const key of this.completedBy.keys()) this.expired.add(key);
    this.completedBy.clear();
  }

  private isDone(key: string): boolean {
    return this.completedBy.has(key) || this.expired.has(key) || this.letters.has(key);
  }

  /** Whoever waits for this step never hears of it, and does nothing any more. */
  private crash(): void {
    this.ready.splice(this.below(this.ready.length), 1);
  }

  /** What a handler does late, after its claim was taken over, cannot be undone; but nothing is claimed or settled twice. */
  private noteCompleted(): void {
    for (const { _id, keys, status } of this.claims.all<ClaimDocument>()) {
      for (const key of keys) {
        const before = this.completedBy.get(key) ?? _id;
        if (!before.equals(_id)) this.violations.push(`${key} was settled, and then ${status} again`);
        if (status === "completed") this.completedBy.set(key, before);
      }
    }
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }
}

class AnswerLost extends Error {}

const isLost = (error: unknown): boolean => error instanceof AnswerLost;

/** Lets everything go on that waits for nothing but what has just been done. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("claims: a model of three owners", function () {
  this.timeout(400_000);

  it(`finds no double effect and no lost key in ${SCHEDULES} random schedules`, async () => {
    for (let seed = 1; seed <= SCHEDULES; seed += 1) {
      const world = new World(seed);
      const violations = await world.run();
      if (violations.length > 0) assert.fail(`seed ${seed}: ${violations.join("; ")}\n${world.trace}`);
    }
  });
});
