import { WeirError } from "../../schemas/errors";

/** Unauthorized, AuthenticationFailed, and Atlas's own code for the latter. */
const REFUSED = new Set([13, 18, 8000]);

/**
 * Server errors that pass by themselves: a primary is being elected or shut down, or a network between servers is broken.
 * https://github.com/mongodb/specifications/blob/master/source/retryable-writes/retryable-writes.md
 */
const PASSING = new Set([6, 7, 50, 89, 91, 117, 133, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436]);

/** The hosts of a connection string, without user, password and options. */
export function hostsOf(uri: string): string {
  const authority = uri.replace(/^[a-z+]+:\/\//, "");
  // A password may hold any character in a faulty string: what stands before the last @ is never shown.
  return (
    authority
      .slice(authority.lastIndexOf("@") + 1)
      .split(/[/?]/)
      .at(0) || "(no host)"
  );
}

/** True when trying the same again later may work. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (/^Mongo(Network|NetworkTimeout|ServerSelection|Timeout|WriteConcern)Error$/.test(error.name))
    return true;
  return PASSING.has((error as Error & { code?: number }).code ?? 0);
}

/** What no retry mends, said so that an operator can mend it; undefined for everything else. */
export function refusalOf(error: unknown, uri: string): WeirError | undefined {
  const { name, code, message } = error as Error & { code?: number };
  const host = hostsOf(uri);
  if (REFUSED.has(code ?? 0)) {
    const what =
      code === 13 ? "does not give this user the right it needs" : "refused the user name or the password";
    return new WeirError(
      "WEIR_MONGO_REFUSED",
      `MongoDB at ${host} ${what} (${message}): correct MONGO_URL or the user's roles.`,
      {
        host,
        code,
      },
    );
  }
  if (name === "MongoParseError") {
    return new WeirError(
      "WEIR_CONFIG_INVALID",
      `MONGO_URL is no connection string that MongoDB understands: ${message}.`,
      { host },
    );
  }
  return undefined;
}
