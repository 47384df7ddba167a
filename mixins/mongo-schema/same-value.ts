import { inspect } from "node:util";

/** Equal as MongoDB compares what it stores: all number types are one, and an object's members stand in any order. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return canonical(a) === canonical(b);
}

/** A text that is the same for values that are. */
export function canonical(value: unknown): string {
  if (value === null || typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (typeof value !== "object") return String(value);
  const { _bsontype: bsonType } = value as { _bsontype?: string };
  if (bsonType === "Long" || bsonType === "Int32" || bsonType === "Double") return String(Number(value));
  if (bsonType) return `${bsonType}(${String(value)})`;
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) {
    return inspect(value);
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
    .sort()
    .join()}}`;
}
