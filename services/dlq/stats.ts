import { type LetterStatus, STATUSES } from "./letter";
import { AGES, type Age, type LetterCount } from "./sizes/counts";

export interface LetterStats {
  total: number;
  /** Letters that wait: pending and scheduled. The counts by anything but status are of these. */
  open: number;
  by_status: Record<LetterStatus, number>;
  by_reason: Record<string, number>;
  by_topic: Record<string, number>;
  /** `-`: a message whose type could not be told. */
  by_event_type: Record<string, number>;
  /** `-`: refused before any group was handed it. */
  by_group: Record<string, number>;
  /** By the time since they failed first: less than an hour, a day, a week, or more. */
  by_age: Record<Age, number>;
  /** RFC 3339; null when nothing waits. */
  oldest_open: string | null;
}

export function letterStats(counts: readonly LetterCount[]): LetterStats {
  const open = counts.filter((count) => count.open);
  return {
    total: sum(counts),
    open: sum(open),
    by_status: { ...zeroes(STATUSES), ...sumBy(counts, "status") },
    by_reason: sumBy(open, "reason"),
    by_topic: sumBy(open, "topic"),
    by_event_type: sumBy(open, "event_type"),
    by_group: sumBy(open, "group"),
    by_age: { ...zeroes(AGES), ...sumBy(open, "age") },
    oldest_open: oldestOf(open)?.toISOString() ?? null,
  };
}

/** null where there are none. */
export function oldestOf(counts: readonly LetterCount[]): Date | null {
  if (counts.length === 0) return null;
  return new Date(Math.min(...counts.map(({ oldest }) => oldest.getTime())));
}

function zeroes<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

export function sum(counts: readonly LetterCount[]): number {
  return counts.reduce((total, { count }) => total + count, 0);
}

function sumBy(
  counts: readonly LetterCount[],
  field: "status" | "reason" | "topic" | "event_type" | "group" | "age",
): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { [field]: name, count } of counts) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries([...sums].sort(([, a], [, b]) => b - a));
}
