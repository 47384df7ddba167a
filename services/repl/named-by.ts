import type { CommandInput } from "./command";

/** How letters are named on the command line: by their ids, or as all open ones that match; null for neither. */
export function namedBy(
  ids: string[],
  { type, group, reason, cause }: CommandInput["options"],
): { ids: string[] } | { filter: object } | null {
  if (ids.length > 0) return { ids };
  const given = Object.entries({ event_type: type, group, reason, fingerprint: cause }).filter(
    ([, value]) => value !== undefined,
  );
  return given.length > 0 ? { filter: Object.fromEntries(given) } : null;
}
