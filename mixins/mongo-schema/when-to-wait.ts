import type { IndexDeclaration } from "./declaration";
import type { Healing, Target } from "./target";

/** Documents. Indexes on fewer are built within seconds. */
const SMALL = 100_000;

/** Whether the start waits for the missing indexes of a collection that exists. */
export async function mustAwait(
  { db, declaration }: Pick<Target, "db" | "declaration">,
  { build = declaration.build }: Healing,
  missing: IndexDeclaration[],
): Promise<boolean> {
  if (missing.some(({ required }) => required)) return true;
  if (build) return build === "await";
  return (await db.collection(declaration.collection).estimatedDocumentCount()) <= SMALL;
}
