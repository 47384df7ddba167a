/** What the library asks every object for. */
export interface Marks {
  toBSON?: unknown;
  _bsontype?: unknown;
  [Symbol.toStringTag]?: unknown;
}

const LEAVES = new Set<unknown>([
  "ObjectID",
  "ObjectId",
  "Binary",
  "Long",
  "Timestamp",
  "Double",
  "Int32",
  "Decimal128",
  "MinKey",
  "MaxKey",
]);

/** Bytes, or of one of the library's own types that contain nothing else. */
export function isLeaf(value: object, bsonType: unknown): boolean {
  return LEAVES.has(bsonType) || (bsonType === undefined && Buffer.isBuffer(value));
}

/** The driver makes some parts of commands of classes; what the runtime has of its own, a map or a pattern, is none of these. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return (
    Object.prototype.toString.call(value) === "[object Object]" &&
    !(value instanceof RegExp || value instanceof Map)
  );
}
