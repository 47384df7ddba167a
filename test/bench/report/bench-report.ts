import type { Measurement } from "../session/measurement";
import type { Cell } from "../session/options";
import type { Contender } from "../ways/contenders";
import { HEAD, rowsOf, whole } from "./measurement-table";
import { circumstances, writeSection } from "./page";
import { type Bar, barPicture } from "./picture";
import { spreadOf } from "./statistics";
import { markdownTable } from "./tables";

const PICTURE = "bench.svg";

export function titleOf({ partitions, plugins, bytes }: Cell, events: number): string {
  const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  return `${whole(events)} events of ${whole(bytes)} bytes, ${counted(partitions, "partition")}, ${counted(plugins, "plugin")}`;
}

/** Writes the tables of all cells into the page, and a picture of the first beside it. */
export function writeReport(
  measured: readonly { cell: Cell; measurements: readonly Measurement[] }[],
  ways: readonly Contender[],
  events: number,
  command: string,
): void {
  const tables = measured.map(({ cell, measurements }) => {
    return `**${titleOf(cell, events)}**\n\n${markdownTable(HEAD, rowsOf(measurements, ways))}`;
  });
  const [first] = measured;
  const picture = first ? barPicture(titleOf(first.cell, events), barsOf(first.measurements, ways)) : "";
  const text = [circumstances(command), `![Events a second](${PICTURE})`, ...tables].join("\n\n");
  writeSection("bench", text, { [PICTURE]: picture });
}

export function barsOf(measurements: readonly Measurement[], ways: readonly Contender[]): Bar[] {
  return ways.flatMap(({ name, letter, title }) => {
    const own = measurements.filter(({ way, round }) => way === name && round > 0);
    if (own.length === 0) return [];
    const { min, median, max } = spreadOf(own.map(({ eventsPerSecond }) => eventsPerSecond));
    const highlighted = name.startsWith("gateway") || name === "dispatch";
    return [
      { label: `(${letter}) ${title}`, value: median, min, max, text: `${whole(median)}/s`, highlighted },
    ];
  });
}
