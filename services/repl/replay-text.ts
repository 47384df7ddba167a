import type { Page } from "../../schemas/query-params";
import type { DryRun } from "../events/replay/begin";
import type { ReplayView } from "../events/replay/session";
import { type Cell, counted, shortTime, table } from "./table";

export const REPLAYS_HEAD = ["id", "status", "done", "of", "to", "failed", "events", "begun (UTC)", "by"];

export function replayRow(session: ReplayView): Cell[] {
  const { id, status, counts, total, created_at, by } = session;
  const color = status === "running" ? "green" : status === "paused" ? "yellow" : null;
  return [
    id,
    color ? { text: status, color } : status,
    counts.read,
    total,
    destination(session),
    counts.failed,
    filterText(session.filter),
    shortTime(created_at),
    by ?? "-",
  ];
}

export function replaysText({ rows, total, page, pageSize }: Page<ReplayView>): string {
  if (total === 0) return "No replay was ever begun here.";
  const pages = Math.ceil(total / pageSize);
  const where = pages > 1 ? `, page ${page} of ${pages}` : "";
  return `${counted(total, "replay")}${where}\n${table(REPLAYS_HEAD, rows.map(replayRow))}`;
}

export function replayText(session: ReplayView): string {
  const { counts, total, status, rate, again, history } = session;
  const { delivered, duplicates, failed, passed_over, sent } = counts;
  const rows: Cell[][] = [
    ["id", session.id],
    ["status", session.node ? `${status}, on ${session.node}` : status],
    ["to", destination(session)],
    ["events", filterText(session.filter)],
    ["order", session.order === "stored" ? "as they were stored" : "by their own time"],
    ["rate", rate === undefined ? "as fast as it goes" : `${rate} a second`],
    ["what was handled before", again ? "is handled again" : "is left as it is"],
    ["done", `${counts.read} of ${total}`],
    [
      "became",
      `${delivered} delivered, ${duplicates} duplicates, ${failed} dead letters, ${passed_over} passed over, ${sent} sent`,
    ],
    ...(session.waiting ? [["waits for", session.waiting]] : []),
    [
      "history",
      history.map(({ at, ...rest }) => [shortTime(at), ...Object.values(rest)].join("  ")).join("\n"),
    ],
  ];
  return table(["replay", ""], rows);
}

export function dryRunText({ total, by_type }: DryRun): string {
  if (total === 0) return "No stored event matches.";
  const rows = by_type.map(({ event_type, count, oldest, newest }): Cell[] => [
    event_type,
    count,
    shortTime(oldest),
    shortTime(newest),
  ]);
  const head = ["event type", "events", "from (UTC)", "to (UTC)"];
  return `${counted(total, "event")} would be handed over; nothing was.\n${table(head, rows)}`;
}

function destination({ groups, topic }: Pick<ReplayView, "groups" | "topic">): string {
  return topic === undefined ? (groups ?? []).join("\n") : `topic ${topic}`;
}

function filterText(filter: ReplayView["filter"]): string {
  const parts = Object.entries(filter).map(([name, value]) => {
    if (Array.isArray(value)) return counted(value.length, "id");
    // A time that came over the wire is text.
    return `${name} ${name === "from" || name === "to" ? shortTime(value) : value}`;
  });
  return parts.join("\n") || "all";
}
