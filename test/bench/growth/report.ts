import { whole } from "../report/measurement-table";
import { circumstances, writeSection } from "../report/page";
import { linePicture } from "../report/picture";
import { median, spreadOf } from "../report/statistics";
import { markdownTable } from "../report/tables";
import type { Curve, Point } from "./curve";

const linesOf = (points: readonly Point[]) => [...new Set(points.map(({ line }) => line))];

/** A row for each place, a column for each line. */
export function curveTable({ x, y }: Curve, points: readonly Point[]): { head: string[]; rows: string[][] } {
  const lines = linesOf(points);
  const places = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const rows = places.map((place) => [
    whole(place),
    ...lines.map((line) => {
      const found = points.find((point) => point.line === line && point.x === place);
      return found ? cellOf(found.perSecond) : "-";
    }),
  ]);
  return { head: [x, ...lines.map((line) => `${line} (${y})`)], rows };
}

function cellOf(perSecond: readonly number[]): string {
  const { min, median: middle, max } = spreadOf(perSecond);
  return perSecond.length > 1 ? `${whole(middle)} (${whole(min)}–${whole(max)})` : whole(middle);
}

/** Writes a curve's table into the page, and its picture beside it. */
export function writeCurve(curve: Curve, points: readonly Point[], command: string): void {
  const { head, rows } = curveTable(curve, points);
  const file = `growth-${curve.name}.svg`;
  const lines = linesOf(points).map((label) => ({
    label,
    points: points
      .filter(({ line }) => line === label)
      .map(({ x, perSecond }) => ({ x, y: median(perSecond) }))
      .sort((a, b) => a.x - b.x),
  }));
  const picture = linePicture(`${curve.title} (${curve.y})`, curve.x, lines);
  const text = [circumstances(command), `![${curve.title}](${file})`, markdownTable(head, rows)].join("\n\n");
  writeSection(`growth ${curve.name}`, text, { [file]: picture });
}
