import type { Effect } from "../support/ledger";
import { type SentEvents, sentIn } from "../support/sent-events";
import type { Traffic } from "../support/traffic";

/** How often an event may take effect in a group, and what a double has to say of itself. */
export type Guarantee = "exactly once" | "at least once";

export interface GroupExpectation {
  group: string;
  promise: Guarantee;
  wants(eventType: string): boolean;
  /** Events that this group gives up: a letter each, and no effect is asked for. */
  failed?: ReadonlySet<string>;
  /** Events of which nothing is asked: the fault itself took them out of Kafka, or put them outside the promise. */
  excused?: ReadonlySet<string>;
  /** Which of the group's effects this is about; absent: all of them. */
  part?: Part;
  /** Of what the group wants, these events alone; absent: all of them. */
  only?: ReadonlySet<string>;
  /** The letters that a redrive hands over again; absent: no effect may say that it is no live event's. */
  handedAgain?: HandedAgain;
  /** False where a topic was made anew, so that offsets begin again. */
  ordered?: boolean;
  /** True where the event was in some gateway's hands when the fault struck: only such may be doubled. */
  mayDouble(effect: Effect): boolean;
}

/** A part of a group's effects with a promise of its own, such as those of one replay. */
export interface Part {
  /** Stands behind the group's name in the verdict. */
  name: string;
  of(effect: Effect): boolean;
}

/** Failed events that take effect after all. Their letters are due, and so are their effects. */
export interface HandedAgain {
  /** The letters' ids by their events'. */
  letters: ReadonlyMap<string, string>;
  /** What `ctx.meta.replay` has to say; absent: the letter's id. */
  mark?: string;
  /** True for a message that came after the letter: a copy may take effect as a live event, instead of the letter. */
  mayBeLive(effect: Effect): boolean;
}

export interface GroupVerdict {
  group: string;
  effects: number;
  /** Events that took effect more than once. */
  doubles: number;
  /** Effects whose delivery said `redelivered`. */
  redelivered: number;
  /** What breaks the promise, in words; empty where it was kept. */
  problems: string[];
}

/** Holds a group's effects, in the order in which they happened, against what was sent. */
export function judgeEffects(
  expectation: GroupExpectation,
  effects: Iterable<Effect>,
  traffic: Traffic,
): GroupVerdict {
  const ledger = new EffectsLedger(expectation, sentIn(traffic));
  for (const effect of effects) ledger.enter(effect);
  return ledger.verdict();
}

/** Of how many places of one doubled event the verdict tells. */
const PLACES = 8;

/**
 * One group's ledger, entered effect by effect in the order in which they happened. It keeps some twenty bytes per event
 * that was sent, and more only of what is doubled or wrong, so that a million of them fit.
 */
export class EffectsLedger {
  private effects = 0;
  private redelivered = 0;
  private readonly times: Uint32Array;
  private readonly unmarked: Uint32Array;
  private readonly inHand: Uint8Array;
  private readonly firstPartition: Int32Array;
  private readonly firstOffset: Float64Array;
  /** Where each doubled event took effect, by its number. */
  private readonly doubled = new Map<number, string[]>();
  private readonly foreign = new Set<string>();
  private readonly undead = new Set<string>();
  /** Effects whose marks do not fit what they are. */
  private readonly wrongMarks: string[] = [];
  /** The offset of the last event of each key that was in order, by topic, partition and key. */
  private readonly last = new Map<string, number>();
  private readonly outOfOrder: string[] = [];

  constructor(
    private readonly expectation: GroupExpectation,
    private readonly sent: SentEvents,
  ) {
    this.times = new Uint32Array(sent.count);
    this.unmarked = new Uint32Array(sent.count);
    this.inHand = new Uint8Array(sent.count);
    this.firstPartition = new Int32Array(sent.count);
    this.firstOffset = new Float64Array(sent.count);
  }

  enter(effect: Effect): void {
    const { failed, mayDouble } = this.expectation;
    const { event_id, partition, offset, redelivered } = effect;
    this.effects += 1;
    if (redelivered) this.redelivered += 1;
    const number = this.sent.numberOf(event_id);
    if (number === undefined || !this.asksFor(number)) {
      this.foreign.add(event_id);
      return;
    }
    this.checkMarks(effect);
    const before = this.times[number] ?? 0;
    this.times[number] = before + 1;
    // What a plain handler still does for an event that was given up, such as after its timeout, is nobody's promise.
    if (failed?.has(event_id)) {
      this.undead.add(event_id);
      return;
    }
    if (before === 0) {
      this.firstPartition[number] = partition;
      this.firstOffset[number] = offset;
      this.follow(effect);
    } else this.noteDouble(number, effect);
    if (!redelivered) this.unmarked[number] = (this.unmarked[number] ?? 0) + 1;
    if (mayDouble(effect)) this.inHand[number] = 1;
  }

  verdict(): GroupVerdict {
    const { expectation, effects, redelivered, outOfOrder } = this;
    return {
      group: expectation.part ? `${expectation.group} (${expectation.part.name})` : expectation.group,
      effects,
      doubles: this.doubled.size,
      redelivered,
      problems: [
        ...this.membership(),
        ...this.doubles(),
        ...(this.wrongMarks.length > 0
          ? [`${this.wrongMarks.length} effects are marked wrongly: ${some(this.wrongMarks)}`]
          : []),
        ...(expectation.ordered === false || outOfOrder.length === 0
          ? []
          : [`${outOfOrder.length} events out of order: ${some(outOfOrder)}`]),
      ],
    };
  }

  private asksFor(number: number): boolean {
    const { wants, only } = this.expectation;
    return wants(this.sent.typeOf(number)) && (only?.has(this.sent.idOf(number)) ?? true);
  }

  private checkMarks(effect: Effect): void {
    const { part, handedAgain } = this.expectation;
    const { event_id, offset, replay, mark, redelivered } = effect;
    if (mark !== undefined && !redelivered)
      this.wrongMarks.push(`${event_id} at ${offset} (${mark}, not redelivered)`);
    // Which part an effect belongs to was decided by its marks.
    if (part) return;
    const letter = handedAgain?.letters.get(event_id);
    const live = replay === undefined && mark === undefined;
    const fits = live
      ? letter === undefined || handedAgain?.mayBeLive(effect)
      : letter !== undefined && replay === letter && mark === (handedAgain?.mark ?? letter);
    if (!fits) this.wrongMarks.push(`${event_id} at ${offset} (${live ? "live" : `${replay}, ${mark}`})`);
  }

  /**
   * Within a partition, the events of one key first take effect in the order of their offsets; those of a redrive or a replay
   * among themselves.
   */
  private follow({ topic, partition, key, offset, mark }: Effect): void {
    if (key === null) return;
    const lane = `${topic}[${partition}] key ${key}${mark === undefined ? "" : ` of ${mark}`}`;
    const before = this.last.get(lane);
    if (before !== undefined && before > offset) this.outOfOrder.push(`${lane}: ${offset} after ${before}`);
    else this.last.set(lane, offset);
  }

  private noteDouble(number: number, { topic, partition, offset, redelivered }: Effect): void {
    const firstMarked = this.unmarked[number] === 0;
    const places = this.doubled.get(number) ?? [
      topic + place(this.firstPartition[number], this.firstOffset[number], firstMarked),
    ];
    if (places.length < PLACES) places.push(place(partition, offset, redelivered));
    this.doubled.set(number, places);
  }

  private membership(): string[] {
    const { promise, failed, excused } = this.expectation;
    const { sent, times, foreign, undead } = this;
    let due = 0;
    const missing: string[] = [];
    for (let number = 0; number < sent.count; number += 1) {
      const id = sent.idOf(number);
      if (!this.asksFor(number) || failed?.has(id) || excused?.has(id)) continue;
      due += 1;
      if (times[number] === 0) missing.push(id);
    }
    return [
      ...(missing.length > 0 ? [`${missing.length} of ${due} events are missing: ${some(missing)}`] : []),
      ...(promise === "exactly once" && undead.size > 0
        ? [`${undead.size} events took effect though given up: ${some([...undead])}`]
        : []),
      ...(foreign.size > 0 ? [`${foreign.size} effects belong to no event sent: ${some([...foreign])}`] : []),
    ];
  }

  private doubles(): string[] {
    const all = [...this.doubled.keys()];
    if (all.length === 0) return [];
    const told = (numbers: number[]) => some(numbers.map((number) => this.describe(number)));
    if (this.expectation.promise === "exactly once")
      return [`${all.length} events took effect twice: ${told(all)}`];
    const unmarked = all.filter((number) => (this.unmarked[number] ?? 0) > 1);
    const unexpected = all.filter((number) => this.inHand[number] === 0);
    return [
      ...(unmarked.length > 0
        ? [`${unmarked.length} doubles are not marked redelivered: ${told(unmarked)}`]
        : []),
      ...(unexpected.length > 0
        ? [`${unexpected.length} doubles were in nobody's hands at the fault: ${told(unexpected)}`]
        : []),
    ];
  }

  private describe(number: number): string {
    return `${this.sent.idOf(number)} (${this.doubled.get(number)?.join(", ")})`;
  }
}

function place(partition = 0, offset = 0, redelivered = false): string {
  return `[${partition}] at ${offset}${redelivered ? " redelivered" : ""}`;
}

/** The first of a list, for a line of a report. */
export function some(list: readonly string[]): string {
  const shown = list.slice(0, 3).map((text) => (text.length > 300 ? `${text.slice(0, 300)}…` : text));
  return shown.join("; ") + (list.length > 3 ? " …" : "");
}
