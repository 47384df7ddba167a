import type { Letter } from "../../services/dlq/letter";
import type { RedriveItem, RedriveRow } from "../../services/dlq/redrive/status";
import { some } from "./ledger";

/** The part of a dead letter that tells what became of it. */
export interface LetterEnd extends Pick<Letter, "group" | "event_id" | "status" | "open" | "history"> {
  id: string;
  /** True while somebody has it in hand. */
  claimed: boolean;
}

export interface RetriedDue {
  /** Ids of the letters that were to be handed over again; the others were nobody's business. */
  letters: ReadonlySet<string>;
  /** The redrive that had to do it; absent: whoever does it by a policy. */
  job?: string;
  /** True where the event may have taken effect before its letter was closed: in hand at the fault, or as a live copy. */
  mayBeDuplicate(letter: LetterEnd): boolean;
}

/** Each letter that was due is closed as `retried`, once and by its redrive; the others are as they were. */
export function judgeRetried(letters: readonly LetterEnd[], due: RetriedDue): string[] {
  const was = new Set(letters.map(({ id }) => id));
  const told = (wrong: readonly LetterEnd[], what: string) =>
    wrong.length === 0 ? [] : [`${wrong.length} letters ${what}: ${some(wrong.map(describe))}`];
  const handed = letters.filter(({ id }) => due.letters.has(id));
  const others = letters.filter(({ id }) => !due.letters.has(id));
  const entries = ({ history }: LetterEnd) =>
    history.flatMap((entry) => (entry.action === "retried" ? entry : []));
  const lost = [...due.letters].filter((id) => !was.has(id));
  return [
    ...(lost.length > 0 ? [`${lost.length} letters are gone: ${some(lost)}`] : []),
    ...told(
      handed.filter(({ status, open, claimed }) => status !== "retried" || open || claimed),
      "are not retried",
    ),
    ...told(
      handed.filter((letter) => entries(letter).length > 1),
      "were retried more than once",
    ),
    ...told(
      handed.filter((letter) => entries(letter).some(({ redrive }) => redrive !== due.job)),
      "were closed by somebody else",
    ),
    ...told(
      handed.filter(
        (letter) =>
          entries(letter).some(({ result }) => result === "duplicate") && !due.mayBeDuplicate(letter),
      ),
      "count as handled before, and nothing had",
    ),
    ...told(
      others.filter(
        ({ status, claimed, history }) => status !== "pending" || claimed || history.length !== 1,
      ),
      "were touched though nobody asked for it",
    ),
  ];
}

/** The job tells of each letter once, and what it tells is what the letter says. */
export function judgeJob(
  { status, total, done, counts }: Pick<RedriveRow, "status" | "total" | "done" | "counts">,
  items: readonly RedriveItem[],
  letters: readonly LetterEnd[],
): string[] {
  const known = new Map(letters.map((letter) => [letter.id, letter]));
  const wrong = items.filter(({ id, result }) => {
    const last = known.get(id)?.history.at(-1);
    return last?.action !== "retried" || last.result !== result;
  });
  const counted = (result: string) => items.filter((item) => item.result === result).length;
  const miscounted = Object.entries(counts).filter(([result, count]) => count !== counted(result));
  const ids = new Set(items.map(({ id }) => id));
  return [
    ...(status === "completed" ? [] : [`the job is ${status}, not completed`]),
    ...(total === done && done === items.length && ids.size === items.length
      ? []
      : [
          `the job tells of ${items.length} letters, ${ids.size} of them different; ${done} of ${total} are done`,
        ]),
    ...(wrong.length > 0
      ? [
          `${wrong.length} items differ from their letters: ${some(wrong.map(({ id, result }) => `${id} ${result}`))}`,
        ]
      : []),
    ...miscounted.map(([result, count]) => `the job counts ${count} ${result}, its items ${counted(result)}`),
  ];
}

function describe({ id, group, event_id, status, history }: LetterEnd): string {
  const entries = history.map((entry) =>
    "result" in entry ? `${entry.action} ${entry.result}` : entry.action,
  );
  return `${id} of ${group} ${event_id} (${status}: ${entries.join(", ")})`;
}
