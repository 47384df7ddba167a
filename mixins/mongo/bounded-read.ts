import { Errors } from "moleculer";
import { WeirError } from "../../schemas/errors";
import type { Paging } from "../../schemas/query-params";

/** In ms: what one read for somebody's list, search or count may take of MongoDB's time. Below the clients' own timeout of 12 s. */
const READ_LIMIT_MS = 10_000;
/** Rows that a page may pass over: MongoDB walks through each of them. */
const MOST_SKIPPED = 100_000;
/** https://github.com/mongodb/mongo/blob/r6.0.5/src/mongo/base/error_codes.yml */
const MAX_TIME_EXPIRED = 50;

/** For the options of a `find`, an `aggregate` or a count. */
export const BOUNDED = { maxTimeMS: READ_LIMIT_MS } as const;

/** Awaits reads that have the limit. Throws WEIR_READ_TOO_LONG where MongoDB has ended one for it. */
export async function boundedRead<Result>(read: Promise<Result>): Promise<Result> {
  try {
    return await read;
  } catch (error) {
    if ((error as { code?: number }).code !== MAX_TIME_EXPIRED) throw error;
    throw new WeirError(
      "WEIR_READ_TOO_LONG",
      `MongoDB ended this read after ${READ_LIMIT_MS / 1_000} s: it goes through too many documents. Ask for less: a shorter time from \`from\` to \`to\`, an event type, a group.`,
      { limit_ms: READ_LIMIT_MS },
    );
  }
}

/** How many rows come before a page. Throws a ValidationError for more than 100,000. */
export function skippedBefore({ page, pageSize }: Paging): number {
  const skipped = (page - 1) * pageSize;
  if (skipped <= MOST_SKIPPED) return skipped;
  const message = `Page ${page} of ${pageSize} rows begins behind ${skipped} others; at most ${MOST_SKIPPED} can be passed over. Narrow the filter, for instance by \`from\` and \`to\`, or go on from a cursor where the list has one.`;
  throw new Errors.ValidationError(message, "VALIDATION_ERROR", [
    { type: "page", field: "page", message, actual: page, expected: Math.floor(MOST_SKIPPED / pageSize) + 1 },
  ]);
}
