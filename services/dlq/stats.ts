import type { Collection } from "mongodb";
import { type Letter, type LetterStatus, STATUSES } from "./letter";

export interface LetterStats {
  total: number;
  /** Letters that wait: pending and scheduled. The counts by reason, type and group are of these. */
  open: number;
  by_status: Record<LetterStatus, number>;
  by_reason: Record<string, number>;
  /** `-`: a message whose type could not be told. */
  by_event_type: Record<string, number>;
  /** `-`: refused before any group was handed it. */
  by_group: Record<string, number>;
  /** RFC 3339; null when nothing waits. */
  oldest_open: string | null;
}

interface Count {
  _id: { status: LetterStatus; open: boolean; reason: string; event_type?: string; group?: string };
  count: number;
  oldest: Date;
}

export async function letterStats(collection: Collection<Letter>): Promise<LetterStats> {
  const _id = {
    status: "$status",
    open: "$open",
    reason: "$reason",
    event_type: "$event_type",
    group: "$group",
  };
  const counts = await collection
    .aggregate<Count>([{ $group: { _id, count: { $sum: 1 }, oldest: { $min: "$first_failed_at" } } }])
    .toArray();
  const open = counts.filter((count) => count._id.open);
  const oldest = open.map((count) => count.oldest.getTime());
  return {
    total: sum(counts),
    open: sum(open),
    by_status: { ...zeroes(), ...sumBy(counts, "status") },
    by_reason: sumBy(open, "reason"),
    by_event_type: sumBy(open, "event_type"),
    by_group: sumBy(open, "group"),
    oldest_open: oldest.length > 0 ? new Date(Math.min(...oldest)).toISOString() : null,
  };
}

function zeroes(): Record<LetterStatus, number> {
  return Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<LetterStatus, number>;
}

function sum(counts: Count[]): number {
  return counts.reduce((total, { count }) => total + count, 0);
}

function sumBy(counts: Count[], field: "status" | "reason" | "event_type" | "group"): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { _id, count } of counts) {
    const name = _id[field] ?? "-";
    sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return Object.fromEntries([...sums].sort(([, a], [, b]) => b - a));
}
