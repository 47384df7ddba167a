import type { Page } from "../../schemas/query-params";
import type { DryRun } from "../dlq/redrive/start";
import type { RedriveDetails, RedriveRow } from "../dlq/redrive/status";
import { type Cell, counted, cut, shortTime, table } from "./table";

export const REDRIVES_HEAD = ["id", "begun at (UTC)", "status", "letters", "done", "failed", "which", "by"];

export function redriveRow(row: RedriveRow): Cell[] {
  const { id, created_at, status, total, done, counts, filter, by } = row;
  const which = filter
    ? Object.entries(filter)
        .map(([name, value]) => `${name} ${value instanceof Date ? value.toISOString() : value}`)
        .join(", ")
    : "by id";
  return [
    id,
    shortTime(created_at),
    statusCell(row),
    total ?? "…",
    done,
    failedCell(counts.failed),
    cut(which, 60),
    by ?? "-",
  ];

  function statusCell({ paused, waiting }: RedriveRow): Cell {
    if (status === "paused") return { text: `paused by ${paused?.by}`, color: "yellow" };
    return waiting ? { text: "waits", color: "yellow" } : status;
  }
}

function failedCell(failed: number): Cell {
  return failed > 0 ? { text: String(failed), color: "red" } : failed;
}

export function redrivesText({ rows, total, page, pageSize }: Page<RedriveRow>): string {
  if (total === 0) return "No redrives. redrive start --group <group> begins one.";
  const pages = Math.ceil(total / pageSize);
  const where =
    pages > 1 ? `, page ${page} of ${pages}: redrive list --page ${page < pages ? page + 1 : 1}` : "";
  return [`${counted(total, "redrive")}${where}`, table(REDRIVES_HEAD, rows.map(redriveRow))].join("\n");
}

export function redriveText({ items, ...row }: RedriveDetails): string {
  const { counts, waiting, paused, total, done } = row;
  const results = Object.entries({ ...counts, waiting: (total ?? 0) - done }).map(([name, count]) => [
    name,
    count,
  ]);
  const letters = items.rows.map(({ id, result, error }): Cell[] => [
    id,
    result,
    error ? cut(`${error.message} (${error.type})`, 80) : "",
  ]);
  return [
    table(REDRIVES_HEAD, [redriveRow(row)]),
    table(["result", "letters"], results as Cell[][]),
    ...(waiting ? [`It waits since ${shortTime(waiting.since)} UTC: ${waiting.reason}`] : []),
    ...(row.status === "paused" && paused
      ? [
          `Paused by ${paused.by}: ${paused.reason}. redrive resume ${row.id} lets it go on, redrive cancel ${row.id} ends it.`,
        ]
      : []),
    ...(letters.length > 0 ? [table(["letter", "result", "error"], letters)] : []),
    `${items.rows.length} of ${counted(items.total, "letter")} shown, page ${items.page}.`,
  ].join("\n");
}

export function dryRunText({ total, by_event_type, by_group, by_reason }: DryRun): string {
  if (total === 0) return "No open letter matches.";
  const rows = Object.entries({ "event type": by_event_type, group: by_group, reason: by_reason }).flatMap(
    ([by, numbers]) => Object.entries(numbers).map(([value, count]): Cell[] => [by, value, count]),
  );
  return `${counted(total, "letter")} would be handed over again; nothing was begun.\n${table(["by", "value", "letters"], rows)}`;
}
