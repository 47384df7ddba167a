import { type Collection, type FilterQuery, ObjectId } from "mongodb";
import { findPage } from "../../mixins/mongo-schema/find-page";
import { WeirError } from "../../schemas/errors";
import { type Page, type Paging, timeRange } from "../../schemas/query-params";
import type { Letter, LetterStatus } from "./letter";
import { detailsOf, HIDDEN_IN_ROWS, type LetterDetails, type LetterRow, rowOf } from "./view";

export interface LetterFilter {
  status?: LetterStatus;
  event_type?: string;
  group?: string;
  topic?: string;
  reason?: string;
  fingerprint?: string;
  /** When it failed last: from inclusive, to exclusive. */
  from?: Date;
  to?: Date;
}

/** Letters that failed last come first. */
export async function listLetters(
  collection: Collection<Letter>,
  { page, pageSize, ...filter }: LetterFilter & Paging,
): Promise<Page<LetterRow>> {
  const order = { sort: { failed_at: -1, _id: -1 }, projection: HIDDEN_IN_ROWS };
  const found = await findPage(collection, queryOf(filter), { page, pageSize }, order);
  return { ...found, rows: found.rows.map(rowOf) };
}

/** Throws WEIR_DEAD_LETTER_NOT_FOUND. */
export async function getLetter(collection: Collection<Letter>, id: string): Promise<LetterDetails> {
  const letter = await collection.findOne({ _id: new ObjectId(id) });
  if (!letter) throw letterNotFound(id);
  return detailsOf(letter);
}

export function letterNotFound(id: string): WeirError {
  const message = `There is no dead letter ${id}: it has expired, or the id is wrong; dlq.list shows what is there.`;
  return new WeirError("WEIR_DEAD_LETTER_NOT_FOUND", message, { id });
}

export function queryOf({ topic, from, to, ...equal }: LetterFilter): FilterQuery<Letter> {
  const failed_at = timeRange(from, to);
  const wanted = { ...equal, original_topic: topic, failed_at };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}
