import type { Collection, FilterQuery } from "mongodb";
import type { Page, Paging } from "../../schemas/query-params";

/** One page of the documents that match, in the order of `sort`; `total` counts all of them. */
export async function findPage<Document extends object>(
  collection: Collection<Document>,
  query: FilterQuery<Document>,
  { page, pageSize }: Paging,
  { sort, projection }: { sort: object; projection?: object },
): Promise<Page<Document>> {
  const [rows, total] = await Promise.all([
    collection
      .find(query, { projection })
      .sort(sort)
      .skip((page - 1) * pageSize)
      .limit(pageSize)
      .toArray(),
    collection.countDocuments(query),
  ]);
  return { rows: rows as Document[], total, page, pageSize };
}
