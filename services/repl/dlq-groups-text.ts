import type { Page } from "../../schemas/query-params";
import type { GroupRow } from "../dlq/grouping/list-groups";
import { type Cell, counted, cut, shortTime, table } from "./table";

export const GROUPS_HEAD = [
  "cause",
  "status",
  "letters",
  "keys",
  "looks like",
  "group",
  "event type",
  "what",
  "last seen (UTC)",
  "sample",
];

export function groupRow(row: GroupRow): Cell[] {
  const { fingerprint, count, keys, pattern, group, event_type, reason, error, last_seen, sample } = row;
  const what = cut(`${reason}: ${error.message} (${error.type})`, 60);
  return [
    fingerprint,
    saidCell(row),
    count,
    keys,
    patternCell(pattern),
    group ?? "-",
    event_type ?? "-",
    what,
    shortTime(last_seen),
    sample,
  ];
}

function saidCell({ status, note, by }: GroupRow): Cell {
  const text = [status, by && `by ${by}`, note && cut(note, 30)].filter(Boolean).join("\n");
  return status === "open" ? { text, color: "red" } : text;
}

function patternCell(pattern: GroupRow["pattern"]): Cell {
  return pattern === "outage" ? { text: pattern, color: "red" } : pattern;
}

export function groupsText({ rows, total, page, pageSize }: Page<GroupRow>): string {
  if (total === 0) return "Nothing is broken: no open dead letters, or all are to be ignored.";
  const pages = Math.ceil(total / pageSize);
  const where = pages > 1 ? `, page ${page} of ${pages}` : "";
  const during = rows.flatMap(({ fingerprint, during_redrive: since }) =>
    since && since.new + since.again > 0
      ? [
          `Since the redrive began: ${fingerprint} has ${counted(since.new, "new letter")}, ${since.again} failed again.`,
        ]
      : [],
  );
  return [
    `${counted(total, "cause")} of open letters${where}`,
    table(GROUPS_HEAD, rows.map(groupRow)),
    ...during,
    'redrive start --cause <cause> hands them over again; dlq set-group <cause> --status acknowledged|resolved|ignored|open --note "…" says so.',
  ].join("\n");
}
