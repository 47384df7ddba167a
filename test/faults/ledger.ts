import type { Effect } from "../support/ledger";
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
  /** False where a topic was made anew, so that offsets begin again. */
  ordered?: boolean;
  /** True where the event was in some gateway's hands when the fault struck: only such may be doubled. */
  mayDouble(effect: Effect): boolean;
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
  effects: readonly Effect[],
  traffic: Traffic,
): GroupVerdict {
  const byId = new Map<string, Effect[]>();
  for (const effect of effects) {
    const known = byId.get(effect.event_id);
    if (known) known.push(effect);
    else byId.set(effect.event_id, [effect]);
  }
  // What a plain handler still does for an event that was given up, such as after its timeout, is nobody's promise.
  const kept = [...byId.values()].filter(([effect]) => !expectation.failed?.has(effect?.event_id ?? ""));
  const doubled = kept.filter((list) => list.length > 1);
  return {
    group: expectation.group,
    effects: effects.length,
    doubles: doubled.length,
    redelivered: effects.filter(({ redelivered }) => redelivered).length,
    problems: [
      ...membership(expectation, byId, traffic),
      ...doubles(expectation, doubled),
      ...(expectation.ordered === false ? [] : order(kept.flatMap(([first]) => first ?? []))),
    ],
  };
}

function membership(
  { promise, wants, failed, excused }: GroupExpectation,
  found: ReadonlyMap<string, Effect[]>,
  { good }: Traffic,
): string[] {
  const due = [...good.values()].filter(
    ({ event_id, event_type }) => wants(event_type) && !failed?.has(event_id) && !excused?.has(event_id),
  );
  const missing = due.filter(({ event_id }) => !found.has(event_id)).map(({ event_id }) => event_id);
  const undead = promise === "exactly once" ? [...(failed ?? [])].filter((id) => found.has(id)) : [];
  const foreign = [...found.keys()].filter((id) => {
    const event = good.get(id);
    return !event || !wants(event.event_type);
  });
  return [
    ...(missing.length > 0
      ? [`${missing.length} of ${due.length} events are missing: ${some(missing)}`]
      : []),
    ...(undead.length > 0 ? [`${undead.length} events took effect though given up: ${some(undead)}`] : []),
    ...(foreign.length > 0 ? [`${foreign.length} effects belong to no event sent: ${some(foreign)}`] : []),
  ];
}

function doubles({ promise, mayDouble }: GroupExpectation, doubled: Effect[][]): string[] {
  if (doubled.length === 0) return [];
  const ids = (lists: Effect[][]) => some(lists.map((list) => describe(list)));
  if (promise === "exactly once") return [`${doubled.length} events took effect twice: ${ids(doubled)}`];
  const unmarked = doubled.filter((list) => list.filter(({ redelivered }) => !redelivered).length > 1);
  const unexpected = doubled.filter((list) => !list.some(mayDouble));
  return [
    ...(unmarked.length > 0
      ? [`${unmarked.length} doubles are not marked redelivered: ${ids(unmarked)}`]
      : []),
    ...(unexpected.length > 0
      ? [`${unexpected.length} doubles were in nobody's hands at the fault: ${ids(unexpected)}`]
      : []),
  ];
}

/** Within a partition, the events of one key first took effect in the order of their offsets. */
function order(first: readonly Effect[]): string[] {
  const last = new Map<string, Effect>();
  const broken: string[] = [];
  for (const effect of first) {
    if (effect.key === null) continue;
    const lane = `${effect.topic}[${effect.partition}] key ${effect.key}`;
    const before = last.get(lane);
    if (before && before.offset > effect.offset)
      broken.push(`${lane}: ${effect.offset} after ${before.offset}`);
    else last.set(lane, effect);
  }
  return broken.length > 0 ? [`${broken.length} events out of order: ${some(broken)}`] : [];
}

/** The part of a dead letter that the ledger looks at. */
export interface LetterSeen {
  group?: string;
  event_id?: string;
  reason: string;
  /** In hex. */
  raw: string;
  /** `<topic>[<partition>] at <offset>`, and what it is known by. */
  place: string;
}

/** Each bad message is one letter with its exact bytes, each failed event one of its group; there are no others. */
export function judgeLetters(
  letters: readonly LetterSeen[],
  traffic: Traffic,
  groups: readonly GroupExpectation[],
): string[] {
  const due = [
    ...traffic.bad.map((hex) => `refused ${hex}`),
    ...groups.flatMap(({ group, failed }) => [...(failed ?? [])].map((id) => `failed ${group} ${id}`)),
  ];
  const found = letters.map(nameOf);
  const excused = new Set(groups.flatMap(({ excused }) => [...(excused ?? [])]));
  const missing = without(due, found).filter((line) => !excused.has(line.replace("refused ", "")));
  const extra = without(found, due).filter((line) => !excused.has(line.split(" ").at(-1) ?? ""));
  return [
    ...(missing.length > 0
      ? [`${missing.length} of ${due.length} letters are missing: ${some(missing)}`]
      : []),
    ...(extra.length > 0
      ? [
          `${extra.length} letters too many: ${some(extra.map((line) => `${line.slice(0, 60)} from ${places(letters, line)}`))}`,
        ]
      : []),
  ];
}

function nameOf({ group, event_id, raw }: LetterSeen): string {
  return group === undefined ? `refused ${raw}` : `failed ${group} ${event_id}`;
}

function places(letters: readonly LetterSeen[], name: string): string {
  return letters
    .filter((letter) => nameOf(letter) === name)
    .map(({ place }) => place)
    .join(" and ");
}

/** What is in the first list and not, or less often, in the second. */
function without(list: readonly string[], taken: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const item of taken) counts.set(item, (counts.get(item) ?? 0) + 1);
  return list.filter((item) => {
    const left = counts.get(item) ?? 0;
    counts.set(item, left - 1);
    return left <= 0;
  });
}

function describe(list: Effect[]): string {
  const places = list.map(({ offset, redelivered }) => `${offset}${redelivered ? " redelivered" : ""}`);
  return `${list[0]?.event_id} (${list[0]?.topic}[${list[0]?.partition}] at ${places.join(", ")})`;
}

function some(list: readonly string[]): string {
  const shown = list.slice(0, 3).map((text) => (text.length > 300 ? `${text.slice(0, 300)}…` : text));
  return shown.join("; ") + (list.length > 3 ? " …" : "");
}
