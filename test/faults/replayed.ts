import type { ReplaySession } from "../../services/events/replay/session";

export interface ReplayDue {
  /** Events of the session. */
  read: number;
  /** How often one of its groups asks for one of them. */
  wanted: number;
  groups: number;
  /** So many of them, counted per group, may have been handled when they were handed over again. */
  inHand: number;
}

/** A session has told of each of its events once: as handled, or as handled before where that is what was asked for. */
export function judgeReplay(
  { status, again, counts }: Pick<ReplaySession, "status" | "again" | "counts">,
  { read, wanted, groups, inHand }: ReplayDue,
): string[] {
  const { delivered, duplicates, failed, passed_over } = counts;
  const is = (what: string, actual: number, expected: number) =>
    actual === expected ? [] : [`${actual} events are ${what}, not ${expected}`];
  return [
    ...(status === "completed" ? [] : [`it is ${status}, not completed`]),
    ...is("read", counts.read, read),
    ...is("failed", failed, 0),
    ...is("passed over", passed_over, read * groups - wanted),
    ...is("delivered or duplicates", delivered + duplicates, wanted),
    ...(again && duplicates > inHand ? [`${duplicates} events are duplicates, ${inHand} were in hand`] : []),
    ...(!again && delivered > 0 ? [`${delivered} events were handled again`] : []),
  ];
}
