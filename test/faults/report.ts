import Table from "cli-table3";
import type { Report } from "./run-fault";

export function lineOf({ fault, problems, tookSeconds }: Report): string {
  const verdict = problems.length === 0 ? "passed" : "FAILED";
  return [
    `${verdict}  ${fault.name} (${tookSeconds.toFixed(0)} s)`,
    ...problems.map((text) => `        ${text}`),
  ].join("\n");
}

const HEAD = ["fault", "outcome", "events", "doubles", "redelivered", "letters", "went on after"];

function rowOf({ fault, problems, events, groups, letters, wentOnAfter }: Report): string[] {
  const perGroup = (number: (group: Report["groups"][number]) => number) =>
    groups
      .filter((group) => number(group) > 0)
      .map((group) => `${group.group} ${number(group)}`)
      .join(", ") || "none";
  return [
    fault.name,
    problems.length === 0 ? "ledger exact" : "FAILED",
    String(events),
    perGroup(({ doubles }) => doubles),
    perGroup(({ redelivered }) => redelivered),
    String(letters),
    wentOnAfter === null ? "-" : `${wentOnAfter.toFixed(1)} s`,
  ];
}

/** For a terminal. */
export function tableOf(reports: readonly Report[]): string {
  const table = new Table({ head: HEAD, style: { head: [], border: [], compact: true }, wordWrap: true });
  table.push(...reports.map(rowOf));
  return table.toString();
}

/** For docs/guarantees.md: a row for each fault, with the figures of the last of its runs, and the times of all. */
export function markdownOf(reports: readonly Report[]): string {
  const row = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const runs = Object.values(Object.groupBy(reports, ({ fault }) => fault.name));
  const lines = runs.flatMap((ofFault = []) => {
    const last = ofFault.at(-1);
    if (!last) return [];
    const [name, , ...cells] = rowOf(last);
    const outcomes = ofFault.map(({ problems }) => (problems.length === 0 ? "exact" : "FAILED"));
    const times = ofFault.map(({ wentOnAfter }) => (wentOnAfter === null ? "-" : wentOnAfter.toFixed(1)));
    const figures = cells.slice(0, -1);
    return row([`${name}: ${last.fault.story}`, outcomes.join(", "), ...figures, `${times.join(", ")} s`]);
  });
  return [row(HEAD), row(HEAD.map(() => "---")), ...lines].join("\n");
}
