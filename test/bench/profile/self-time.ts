import { areaOf } from "./area";

/** The part of a V8 CPU profile that is used here. */
export interface CpuProfile {
  nodes: { id: number; callFrame: CallFrame }[];
  /** Which node was running, per sample. */
  samples: number[];
  /** Microseconds between a sample and the one before. */
  timeDeltas: number[];
}

export interface CallFrame {
  functionName: string;
  url: string;
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

function summed(profile: CpuProfile, nameOf: (frame: CallFrame) => string): Map<string, number> {
  const times = selfTimes(profile);
  const sums = new Map<string, number>();
  for (const { id, callFrame } of profile.nodes) {
    const name = nameOf(callFrame);
    sums.set(name, (sums.get(name) ?? 0) + (times.get(id) ?? 0));
  }
  return sums;
}

/** The areas by the time spent in them, the largest first. */
export function timeByArea(profile: CpuProfile): { area: string; us: number }[] {
  const sums = [...summed(profile, areaOf)].filter(([, us]) => us > 0);
  return sums.map(([area, us]) => ({ area, us })).sort((a, b) => b.us - a.us);
}

/** The functions that ran longest themselves, idling left out. */
export function hottestOf(profile: CpuProfile, count: number): { name: string; place: string; us: number }[] {
  const sums = summed(profile, ({ functionName, url, lineNumber }) => {
    const file = url
      .replace(/^file:\/\//, "")
      .split("/")
      .slice(-3)
      .join("/");
    return JSON.stringify([functionName || "(anonymous)", file ? `${file}:${lineNumber + 1}` : "-"]);
  });
  return [...sums]
    .map(([key, us]) => {
      const [name, place] = JSON.parse(key) as [string, string];
      return { name, place, us };
    })
    .filter(({ name }) => name !== "(idle)")
    .sort((a, b) => b.us - a.us)
    .slice(0, count);
}
