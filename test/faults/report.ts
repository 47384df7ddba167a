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

/** For docs/guarantees.md. */
export function markdownOf(reports: readonly Report[]): string {
  const row = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const lines = reports.map((report) => {
    const [name, ...cells] = rowOf(report);
    return row([`${name}: ${report.fault.story}`, ...cells]);
  });
  return [row(HEAD), row(HEAD.map(() => "---")), ...lines].join("\n");
}
