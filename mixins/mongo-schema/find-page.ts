import type { Collection, FilterQuery } from "mongodb";
import type { Page, Paging } from "../../schemas/query-params";
import { BOUNDED, boundedRead, skippedBefore } from "../mongo/bounded-read";

/** One page of the documents that match, in the order of `sort`; `total` counts all of them. */
export async function findPage<Document extends object>(
  collection: Collection<Document>,
  query: FilterQuery<Document>,
  { page, pageSize }: Paging,
  { sort, projection }: { sort: object; projection?: object },
): Promise<Page<Document>> {
  const skipped = skippedBefore({ page, pageSize });
  const [rows, total] = await boundedRead(
    Promise.all([
      collection
        .find(query, { projection, ...BOUNDED })
        .sort(sort)
        .skip(skipped)
        .limit(pageSize)
        .toArray(),
      collection.countDocuments(query, BOUNDED),
    ]),
  );
  return { rows: rows as Document[], total, page, pageSize };
}
