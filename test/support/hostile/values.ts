/** As JSON.parse makes it: `__proto__` is an ordinary member then. */
const prototypeMember = JSON.parse('{"__proto__":{"polluted":true}}');

/** Nested so deep that whoever goes down into it by recursion falls. */
function deep(levels = 100_000): object {
  let value: object = {};
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
}

function cyclic(): object {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}

/** What is no value of any parameter that is text, a number, a time or a flag. */
export const NEVER_PLAIN: readonly unknown[] = [
  { $ne: null },
  { $gt: "" },
  { $in: ["a", "b"] },
  { $regex: "(a+)+$" },
  { $where: "sleep(1000) || true" },
  { $function: { body: "function() { return true }", args: [], lang: "js" } },
  { toString: 1, valueOf: 1 },
  { length: 1 },
  prototypeMember,
  { constructor: { prototype: { polluted: true } } },
  { _bsontype: "ObjectID", id: "123456789012" },
  deep(),
  // As deep as JSON goes on its way between two nodes.
  deep(1_000),
  cyclic(),
  [],
  ["a"],
  [1],
  [["2026-01-01T00:00:00Z"]],
  /(a+)+$/,
  () => "a",
  Symbol.for("a"),
  10n,
  null,
  Number.NaN,
  Number.POSITIVE_INFINITY,
];

export const NEVER_TEXT: readonly unknown[] = [
  ...NEVER_PLAIN,
  7,
  true,
  new Date(0),
  "",
  "nul\0nul",
  "half \ud800 of a pair",
  "\udc00",
  "x".repeat(17 * 1024 * 1024),
];
export const NEVER_NUMBER: readonly unknown[] = [
  ...NEVER_PLAIN,
  -2,
  -1e308,
  1e308,
  2 ** 53,
  Number.NEGATIVE_INFINITY,
  true,
  "text",
  "-7",
  "9".repeat(400),
  "1e400",
  new Date(0),
];
export const NEVER_FLAG: readonly unknown[] = [...NEVER_PLAIN, 7, -1, "text", "a\0b", new Date(0)];
export const NEVER_TIME: readonly unknown[] = [
  ...NEVER_PLAIN,
  true,
  0,
  1e308,
  "no time",
  "9".repeat(400),
  new Date(Number.NaN),
];
export const NEVER_OBJECT: readonly unknown[] = [
  [],
  [{}],
  "text",
  7,
  true,
  null,
  Number.NaN,
  "nul\0nul",
  () => "a",
];
export const NEVER_LIST: readonly unknown[] = [
  {},
  { length: 1, 0: "a" },
  "text",
  7,
  true,
  null,
  [null],
  [[]],
];
export const NO_MEMBERS: readonly string[] = [
  "$where",
  "$or",
  "$expr",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "nul\0nul",
  "\ud800",
  "unheard_of",
];
/** More than any list may have. */
export const MANY = 100_001;

/** What an event may not hold, wherever in it. */
export const NEVER_STORED: readonly [string, unknown][] = [
  ["$where", "1"],
  ["__proto__", { polluted: true }],
  ["_bsontype", "ObjectID"],
  ["toBSON", 1],
  ["nul\0nul", 1],
  ["\ud800", 1],
  ["a", "half \ud800 of a pair"],
  ["a", deep()],
  ["a", cyclic()],
  ["a", 10n],
  ["a", Number.NaN],
  ["a", Number.POSITIVE_INFINITY],
];

export const NEVER_BYTES: readonly unknown[] = [
  "text",
  7,
  true,
  {},
  { data: "a" },
  { $gt: "" },
  ["a"],
  () => "a",
];
