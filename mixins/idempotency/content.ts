import { createHash } from "node:crypto";

/**
 * JSON in which equal content has equal text: object members in one order whatever order they came in (by code units; names that
 * are whole numbers first), numbers and text as JSON.stringify writes them. What JSON cannot hold throws a TypeError.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    const sorted = Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1));
    // Object.fromEntries defines `__proto__` as an ordinary member, which an assignment would not.
    return Object.fromEntries(sorted);
  });
}

/** SHA-256 in 43 characters. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** The member that a path such as `address.city` names; undefined where there is none. */
export function valueAt(root: object, path: string): unknown {
  let value: unknown = root;
  for (const part of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
