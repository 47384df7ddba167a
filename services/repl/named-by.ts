import { type CommandInput, Misuse } from "./command";

/** What letters are chosen by, of what was typed. */
export interface Choice {
  event_type?: string;
  group?: string;
  topic?: string;
  reason?: string;
  fingerprint?: string;
  from?: string;
  to?: string;
}

/** The options of a choice, for a command's help. */
export const CHOICE_OPTIONS = [
  { option: "--type <event type>", description: "letters of this event type" },
  { option: "--group <group>", description: "letters of this group" },
  { option: "--cause <fingerprint>", description: "letters of this cause, as `dlq groups` shows it" },
  { option: "--from <time>", description: "letters that failed last from then on: 2026-03-02T00:00:00Z" },
  { option: "--to <time>", description: "letters that failed last before then" },
];

export function choiceOf({ type, group, topic, reason, cause, from, to }: CommandInput["options"]): Choice {
  const given = { event_type: type, group, topic, reason, fingerprint: cause, from, to };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** How letters are named on the command line: by their ids, or as all open ones that match; null for neither. */
export function namedBy(
  ids: string[],
  { status, ...options }: CommandInput["options"],
): { ids: string[] } | { filter: Choice } | null {
  // Passed over, it would make more letters of it than was meant.
  if (status !== undefined)
    throw new Misuse("--status chooses nothing here: all open letters that match are meant.");
  if (ids.length > 0) return { ids };
  const filter = choiceOf(options);
  return Object.keys(filter).length > 0 ? { filter } : null;
}
