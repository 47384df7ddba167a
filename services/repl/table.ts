import { styleText } from "node:util";
import Table from "cli-table3";

export type Cell = string | number | { text: string; color: "green" | "yellow" | "red" };

/** Text of a table; numbers stand at the right. */
export function table(head: string[], rows: Cell[][]): string {
  const isNumber = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"),
  );
  const drawn = new Table({
    head,
    colAligns: isNumber.map((right) => (right ? "right" : "left")),
    // Colours of its own would end up in files and pipes.
    style: { head: [], border: [], compact: true },
  });
  drawn.push(...rows.map((row) => row.map(drawnCell)));
  return drawn.toString();
}

function drawnCell(cell: Cell): string | number {
  if (typeof cell === "number") return cell;
  if (typeof cell === "string") return printable(cell);
  // Line by line: a colour must not run on into the next cell.
  const lines = printable(cell.text).split("\n");
  return lines.map((line) => styleText(cell.color, line)).join("\n");
}

/** Messages of strangers end up on the screen: what would steer the terminal is shown instead of sent. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** One line of at most `length` characters. */
export function cut(text: string, length: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

/** `1 letter`, `2 letters`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** RFC 3339 → `2026-03-02 09:15:27` in UTC. */
export function shortTime(time: string | Date): string {
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}
