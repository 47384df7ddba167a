import type { Traffic } from "../support/traffic";
import { type GroupExpectation, some } from "./ledger";

/** The part of a dead letter that the ledger looks at. */
export interface LetterSeen {
  group?: string;
  event_id?: string;
  reason: string;
  /** In hex, or their digest: in the form in which the traffic's bad messages are given. */
  raw: string;
  /** `<topic>[<partition>] at <offset>`, and what it is known by. */
  place: string;
}

/** Each bad message is one letter with its exact bytes, each failed event one of its group; there are no others. */
export function judgeLetters(
  letters: readonly LetterSeen[],
  { bad }: Pick<Traffic, "bad">,
  groups: readonly GroupExpectation[],
): string[] {
  const due = [
    ...bad.map((hex) => `refused ${hex}`),
    ...groups.flatMap(({ group, failed, handedAgain }) =>
      [...(failed ?? []), ...(handedAgain?.letters.keys() ?? [])].map((id) => `failed ${group} ${id}`),
    ),
  ];
  const found = letters.map(nameOf);
  const excused = new Set(groups.flatMap(({ excused }) => [...(excused ?? [])]));
  const missing = without(due, found).filter((line) => !excused.has(line.replace("refused ", "")));
  const extra = without(found, due).filter((line) => !excused.has(line.split(" ").at(-1) ?? ""));
  return [
    ...(missing.length > 0
      ? [`${missing.length} of ${due.length} letters are missing: ${some(missing)}`]
      : []),
    ...(extra.length > 0
      ? [
          `${extra.length} letters too many: ${some(extra.map((line) => `${line.slice(0, 60)} from ${places(letters, line)}`))}`,
        ]
      : []),
  ];
}

function nameOf({ group, event_id, raw }: LetterSeen): string {
  return group === undefined ? `refused ${raw}` : `failed ${group} ${event_id}`;
}

function places(letters: readonly LetterSeen[], name: string): string {
  return letters
    .filter((letter) => nameOf(letter) === name)
    .map(({ place }) => place)
    .join(" and ");
}

/** What is in the first list and not, or less often, in the second. */
function without(list: readonly string[], taken: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const item of taken) counts.set(item, (counts.get(item) ?? 0) + 1);
  return list.filter((item) => {
    const left = counts.get(item) ?? 0;
    counts.set(item, left - 1);
    return left <= 0;
  });
}
