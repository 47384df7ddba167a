import { areaOf, LOOP_AREA } from "./area";

/** The part of a V8 CPU profile that is used here. */
export interface CpuProfile {
  nodes: ProfileNode[];
  /** Which node was running, per sample. */
  samples: number[];
  /** Microseconds between a sample and the one before. */
  timeDeltas: number[];
}

export interface ProfileNode {
  id: number;
  callFrame: CallFrame;
  children?: number[];
}

export interface CallFrame {
  functionName: string;
  url: string;
  /** From 0 on; -1 for a function that is no JavaScript. */
  lineNumber: number;
}

/** Microseconds that each node was running itself, not what it called. */
function selfTimes({ samples, timeDeltas }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>();
  for (const [index, node] of samples.entries()) {
    // The time until the next sample is the time in which this one was running.
    const us = Math.max(0, timeDeltas[index + 1] ?? 0);
    times.set(node, (times.get(node) ?? 0) + us);
  }
  return times;
}

/** Each node's area: its own, or that of the nearest caller who has one. */
function areasOf(nodes: readonly ProfileNode[]): Map<number, string> {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const areas = new Map<number, string>();
  const resolve = (id: number): string => {
    const known = areas.get(id);
    if (known !== undefined) return known;
    const node = byId.get(id);
    const parent = parents.get(id);
    const own = node && areaOf(node.callFrame);
    const isRoot = parent === undefined || byId.get(parent)?.callFrame.functionName === "(root)";
    const area = own ?? (isRoot ? LOOP_AREA : resolve(parent));
    areas.set(id, area);
    return area;
  };
  for (const { id } of nodes) resolve(id);
  return areas;
}

function summed(profile: CpuProfile, nameOf: (node: ProfileNode) => string): Map<string, number> {
  const times = selfTimes(profile);
  const sums = new Map<string, number>();
  for (const node of profile.nodes) {
    const us = times.get(node.id) ?? 0;
    if (us > 0) sums.set(nameOf(node), (sums.get(nameOf(node)) ?? 0) + us);
  }
  return sums;
}

/** The areas by the time spent in them, the largest first. */
export function timeByArea(profile: CpuProfile): { area: string; us: number }[] {
  const areas = areasOf(profile.nodes);
  const sums = summed(profile, ({ id }) => areas.get(id) ?? LOOP_AREA);
  return [...sums].map(([area, us]) => ({ area, us })).sort((a, b) => b.us - a.us);
}

export interface Hot {
  name: string;
  file: string;
  area: string;
  us: number;
}

/** The functions that ran longest themselves, idling left out. */
export function hottestOf(profile: CpuProfile, count: number): Hot[] {
  const areas = areasOf(profile.nodes);
  const sums = summed(profile, ({ id, callFrame: { functionName, url } }) => {
    const file = url
      .replace(/^file:\/\//, "")
      .split("/")
      .slice(-3)
      .join("/");
    return JSON.stringify([functionName || "(anonymous)", file, areas.get(id) ?? LOOP_AREA]);
  });
  return [...sums]
    .map(([key, us]): Hot => {
      const [name, file, area] = JSON.parse(key) as [string, string, string];
      return { name, file, area, us };
    })
    .filter(({ area }) => area !== "idle")
    .sort((a, b) => b.us - a.us)
    .slice(0, count);
}
