import { type IndexDeclaration, indexName } from "./declaration";

// Carried by indexes that exist only while another one is built anew.
const PREFIX = "rebuild_of_";

export function isBridgeName(name: string): boolean {
  return name.startsWith(PREFIX);
}

export function bridgeName(index: IndexDeclaration): string {
  return `${PREFIX}${indexName(index)}`;
}

/**
 * An index that serves the same queries as the given one, and that MongoDB lets exist beside it: directions 2 and -2 sort like
 * 1 and -1, but make another key. It removes nothing (no TTL). Undefined for text indexes, of which a collection has one.
 */
export function bridgeFor(index: IndexDeclaration): ({ name: string } & Record<string, unknown>) | undefined {
  const entries = Object.entries(index.key);
  if (entries.some(([, direction]) => direction === "text")) return undefined;
  const { unique, sparse, partialFilterExpression, wildcardProjection, collation } = index;
  const numeric = entries.every(([, direction]) => typeof direction === "number");
  return {
    name: bridgeName(index),
    key: Object.fromEntries([...entries.map(bridgedPart), ...(wordsOnly(entries) ? [["_id", 1]] : [])]),
    // With another field in its key it would not enforce the same.
    ...(unique && numeric && { unique }),
    ...(sparse && { sparse }),
    ...(partialFilterExpression && { partialFilterExpression }),
    ...(wildcardProjection && { wildcardProjection }),
    ...(collation && { collation }),
  };
}

function bridgedPart([field, direction]: [string, unknown]): [string, unknown] {
  if (direction === "hashed") return [field, 2];
  return [field, typeof direction === "number" ? direction * 2 : direction];
}

/** Where every direction is `2d` or `2dsphere`, only another field makes another key. */
function wordsOnly(entries: [string, unknown][]): boolean {
  return entries.every(([, direction]) => direction === "2d" || direction === "2dsphere");
}
