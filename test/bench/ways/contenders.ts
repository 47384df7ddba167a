import type { Job } from "../child/job";
import { type Running, startChild } from "../child/run-child";
import { startConnect } from "../connect/run-connect";
import { groupOf, pluginNumbers, type WayName } from "./way";

/** One of the ways that take turns, as the program that measures them sees it. */
export interface Contender {
  name: ContenderName;
  /** As the table's explanation names it; `--only` takes it too. */
  letter: "a" | "b" | "c" | "d" | "e" | "f";
  title: string;
  /** Which part of the events it is given: slow ways would take too long over all of them. */
  share: number;
  /** What the ratio of its throughput is told against. */
  against: ContenderName;
  /** Whether it has handlers, so that more plugins mean more work. */
  hasPlugins: boolean;
  /** Whether it stores the events. */
  stores: boolean;
  /** Whether its handlers are spared duplicates. */
  absorbs: boolean;
  /** Whether a handler may be called again for an event that nothing went wrong with: its transaction was aborted. */
  mayRepeat: boolean;
  groups(job: Job): string[];
  start(job: Job): Promise<Running>;
}

export type ContenderName = WayName | "connect" | "connect-idempotent";

type Differences = Partial<Omit<Contender, "name" | "letter" | "title">>;

function child(name: WayName, letter: Contender["letter"], title: string, more: Differences = {}): Contender {
  return {
    name,
    letter,
    title,
    share: 1,
    against: "bare",
    hasPlugins: true,
    stores: true,
    absorbs: true,
    mayRepeat: false,
    groups: (job) => pluginNumbers(job).map((plugin) => groupOf(job, plugin)),
    start: (job) => startChild({ ...job, way: name }),
    ...more,
  };
}

const gatewayGroups = (withStore: boolean) => (job: Job) => [
  ...(withStore ? [`${job.groupPrefix}events`] : []),
  ...pluginNumbers(job).map((plugin) => groupOf(job, plugin)),
];

function connect(name: "connect" | "connect-idempotent", title: string): Contender {
  const mode = name === "connect" ? "inserting" : "idempotent";
  const sink = ({ groupPrefix }: Job) => `${groupPrefix}sink`;
  return {
    name,
    letter: "f",
    title,
    share: 1,
    against: "bare",
    hasPlugins: false,
    stores: true,
    absorbs: false,
    mayRepeat: false,
    groups: (job) => [`connect-${sink(job)}`],
    start: (job) => startConnect({ ...job, name: sink(job) }, mode),
  };
}

const dispatchOnly = { stores: false, absorbs: false, against: "bare-dispatch" } as const;

export const CONTENDERS: readonly Contender[] = [
  child("bare", "a", "bare loop"),
  child("gateway", "b", "gateway, plain plugins", { groups: gatewayGroups(true) }),
  child("gateway-tx", "b", "gateway, transactional plugins", {
    groups: gatewayGroups(true),
    mayRepeat: true,
  }),
  child("bare-dispatch", "c", "bare loop without MongoDB", dispatchOnly),
  child("dispatch", "c", "gateway without store and idempotency", {
    ...dispatchOnly,
    groups: gatewayGroups(false),
  }),
  child("channels", "d", "@moleculer/channels, without MongoDB", {
    ...dispatchOnly,
    share: 0.05,
    groups: (job) => pluginNumbers(job).map((plugin) => `${groupOf(job, plugin)}:${job.topic}`),
  }),
  child("each-message", "e", "eachMessage, one write at a time", { share: 0.05 }),
  connect("connect", "Kafka Connect sink, inserting (may double)"),
  connect("connect-idempotent", "Kafka Connect sink, idempotent"),
];

export function contender(name: ContenderName): Contender {
  const found = CONTENDERS.find((one) => one.name === name);
  if (!found) throw new Error(`${name} is no way: ${CONTENDERS.map((one) => one.name).join(", ")}.`);
  return found;
}

/** Those that are named, by name or letter, in their usual order; all of them without names. */
export function contendersOf(names: readonly string[]): Contender[] {
  const unknown = names.find((name) => !CONTENDERS.some((one) => one.name === name || one.letter === name));
  if (unknown !== undefined)
    throw new Error(
      `--only ${unknown}: expected ${CONTENDERS.map((one) => one.name).join(", ")}, or a to f.`,
    );
  if (names.length === 0) return [...CONTENDERS];
  return CONTENDERS.filter((one) => names.includes(one.name) || names.includes(one.letter));
}
