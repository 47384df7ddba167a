import type { Page } from "../../schemas/query-params";
import type { ItemResult } from "../dlq/item-result";
import type { LetterStats } from "../dlq/stats";
import type { LetterDetails, LetterRow } from "../dlq/view";
import { type Cell, counted, cut, printable, shortTime, table } from "./table";

const ERROR_LENGTH = { least: 24, otherwise: 48 };
/** What the other columns of a list take, with the longest of the gateway's own reasons and types. */
const OTHER_COLUMNS = 108;
const RAW_LENGTH = 2_000;
const MOST_RESULTS = 20;

export const LIST_HEAD = ["id", "failed at (UTC)", "reason", "event type", "group", "error"];

export function letterRow({ id, failed_at, reason, event_type, group, error }: LetterRow): Cell[] {
  return [
    id,
    shortTime(failed_at),
    reason,
    event_type ?? "-",
    group ?? "-",
    cut(error.message, errorLength()),
  ];
}

function errorLength(columns: number | undefined = process.stdout.columns): number {
  return columns ? Math.max(ERROR_LENGTH.least, columns - OTHER_COLUMNS) : ERROR_LENGTH.otherwise;
}

export function listText({ rows, total, page, pageSize }: Page<LetterRow>, filter: object): string {
  const of = Object.entries(filter)
    .filter(([name]) => name !== "page")
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  if (total === 0) return `No dead letters (${of || "of any status"}).`;
  const pages = Math.ceil(total / pageSize);
  const where = pages > 1 ? `, page ${page} of ${pages}: dlq list --page ${page < pages ? page + 1 : 1}` : "";
  const next =
    'dlq get <id> shows one whole, dlq retry <id> hands it over again, dlq discard <id> --reason "…" closes it.';
  return [
    `${counted(total, "dead letter")} (${of || "of any status"})${where}`,
    table(LIST_HEAD, rows.map(letterRow)),
    next,
  ].join("\n");
}

export function letterText(letter: LetterDetails): string {
  const { error, headers, history } = letter;
  const facts: Cell[][] = [
    ["id", letter.id],
    ["status", letter.status],
    ["reason", letter.reason],
    ["event", `${letter.event_type ?? "unknown type"}, id ${letter.event_id ?? "unknown"}`],
    ["group", letter.group ?? "- (refused before any group was handed it)"],
    [
      "came from",
      `${letter.original_topic}[${letter.partition}] offset ${letter.offset}, key ${letter.key ?? "none"}`,
    ],
    ["error", `${error.type}: ${error.message}`],
    ...(error.details ? [["details", JSON.stringify(error.details, null, 2)]] : []),
    ["attempts", letter.attempts],
    ...(letter.next_retry_at
      ? [
          [
            "next retry",
            `${shortTime(letter.next_retry_at)} UTC, after ${letter.retries ?? 0} of its policy and ${letter.in_vain ?? 0} by hand`,
          ],
        ]
      : []),
    ["failed at", `${shortTime(letter.failed_at)} UTC, first ${shortTime(letter.first_failed_at)}`],
    ["kept until", letter.expires_at ? `${shortTime(letter.expires_at)} UTC` : "somebody closes it"],
    ...(Object.keys(headers).length > 0 ? [["headers", JSON.stringify(headers, null, 2)]] : []),
    ...(letter.cut ? [["not whole", letter.cut.join(", ")]] : []),
    ["history", history.map(historyLine).join("\n")],
  ];
  return [
    table(["dead letter", ""], facts),
    rawText(letter),
    ...(error.stack ? [printable(error.stack)] : []),
  ].join("\n");
}

function historyLine(entry: LetterDetails["history"][number]): string {
  const { at, action, ...rest } = entry;
  return [shortTime(at), action.replace("_", " "), ...Object.values(rest)].join("  ");
}

function rawText({ raw_base64, raw_text, raw_bytes }: LetterDetails): string {
  if (raw_base64 === null) return "The message has no value (a tombstone).";
  const size = counted(raw_bytes, "byte");
  const shown = raw_text ?? raw_base64;
  const what = raw_text === undefined ? "no UTF-8, shown in base64" : "as text";
  const more = shown.length > RAW_LENGTH ? " …" : "";
  return `The message, ${size}, ${what}:\n${printable(shown.slice(0, RAW_LENGTH))}${more}`;
}

export const RESULTS_HEAD = ["id", "result", "error"];

export function resultRow({ id, ok, status, result, error }: ItemResult): Cell[] {
  const what = ok
    ? [status, result].filter(Boolean).join(", ")
    : `not done${status ? `, still ${status}` : ""}`;
  return [id, what, error ? cut(`${error.message} (${error.type})`, 80) : ""];
}

/** What was not done comes first, so that it is among the rows that are shown. */
export function resultsText(results: ItemResult[]): string {
  if (results.length === 0) return "No open letter matches.";
  const done = results.filter(({ ok }) => ok);
  const shown = [...results.filter(({ ok }) => !ok), ...done].slice(0, MOST_RESULTS);
  const more = results.length > shown.length ? `\n… and ${results.length - shown.length} more` : "";
  return `${table(RESULTS_HEAD, shown.map(resultRow))}${more}\n${done.length} of ${results.length} done.`;
}

export function statsText({
  total,
  open,
  by_status,
  by_reason,
  by_topic,
  by_event_type,
  by_group,
  by_age,
  oldest_open,
}: LetterStats): string {
  const counts = (what: string, numbers: Record<string, number>): Cell[][] =>
    Object.entries(numbers).map(([value, count]) => [what, value, count]);
  const rows = [
    ...counts("status", by_status),
    ...counts("reason, open", by_reason),
    ...counts("topic, open", by_topic),
    ...counts("event type, open", by_event_type),
    ...counts("group, open", by_group),
    ...counts("failed within, open", by_age).filter(([, , count]) => count !== 0),
  ];
  const oldest = oldest_open ? `, the oldest since ${shortTime(oldest_open)} UTC` : "";
  return [
    `${counted(total, "dead letter")}, ${open} open${oldest}`,
    table(["by", "value", "letters"], rows),
  ].join("\n");
}
