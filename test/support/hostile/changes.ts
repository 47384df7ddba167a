import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import {
  MANY,
  NEVER_BYTES,
  NEVER_FLAG,
  NEVER_LIST,
  NEVER_NUMBER,
  NEVER_OBJECT,
  NEVER_PLAIN,
  NEVER_STORED,
  NEVER_TEXT,
  NEVER_TIME,
  NO_MEMBERS,
} from "./values";

/** One change that makes good parameters bad. `toString` tells it, for what is printed of a failed run. */
export class Change {
  constructor(
    private readonly path: readonly string[],
    private readonly told: string,
    readonly value: unknown,
  ) {}

  /** A copy of the good ones with the change. */
  in(good: object): unknown {
    return replacedAt(good, this.path, this.value);
  }

  to(value: unknown): Change {
    return new Change(this.path, shown(value), value);
  }

  toString(): string {
    return `${this.path.join(".") || "the whole"}: ${this.told}`;
  }
}

/** What a member may be that is not as strict as others of its kind. */
type Kind =
  /** Whatever there is. */
  | "anything"
  /** What an event may hold. */
  | "event"
  /** An object of whatever members. */
  | "object"
  /** Any text, also an empty one. */
  | "text"
  /** The same, or null. */
  | "key"
  | "headers"
  /** A Buffer, also as JSON makes it, or null. */
  | "bytes";

/** By a dotted path, in which `*` stands for any item of a list. */
export type Loose = Record<string, Kind>;

const withoutNull = (values: readonly unknown[]) => values.filter((value) => value !== null);

export interface Options {
  loose?: Loose;
  /** True where members that are not known are passed over. */
  open?: boolean;
}

/** Every way in which good parameters are made bad at one place. */
export function badChanges(good: Record<string, unknown>, options: Options = {}): Change[] {
  return placesIn(good, options, []).flat();
}

/** Those that another node can send: what JSON does not have never gets there. */
export function sendable(changes: Change[]): Change[] {
  return changes.filter(({ value }) => {
    if (typeof value === "string") return value.length < 100_000;
    if (Array.isArray(value)) return value.length < 100;
    return typeof value === "number" ? Number.isFinite(value) : isJson(value);
  });
}

function isJson(value: unknown): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value);
  } catch {
    return false;
  }
}

/** Good parameters, one of whose plain members is an object of whatever members, or a list; null where none is plain. */
export function wildChanges(
  good: Record<string, unknown>,
  options: Options = {},
): fc.Arbitrary<Change> | null {
  const plain = badChanges(good, options).filter(({ value }) => value === NEVER_PLAIN[0]);
  if (plain.length === 0) return null;
  const wild = fc.oneof(fc.object({ withNullPrototype: true, withDate: true }), fc.array(fc.anything()));
  return fc.tuple(fc.constantFrom(...plain), wild).map(([change, value]) => change.to(value));
}

/** The changes of each place. */
function placesIn(good: unknown, options: Options, path: string[]): Change[][] {
  const { loose = {}, open = false } = options;
  const values = (list: readonly unknown[]) => list.map((value) => new Change(path, shown(value), value));
  const members = (pairs: readonly (readonly [string, unknown])[]) =>
    pairs.map(([name, value]) => new Change([...path, name], shown(value), value));
  const within = (entries: [string, unknown][]) =>
    entries.flatMap(([name, value]) => placesIn(value, options, [...path, name]));

  switch (loose[path.map((name) => (/^\d+$/.test(name) ? "*" : name)).join(".")]) {
    case "anything":
      return [];
    case "event":
      return [values(NEVER_OBJECT), members(NEVER_STORED)];
    case "object":
      return [values(NEVER_OBJECT)];
    case "text":
      return [values([...NEVER_PLAIN, 7, true])];
    case "key":
      return [values(withoutNull([...NEVER_PLAIN, 7, true]))];
    case "bytes":
      return [values(NEVER_BYTES)];
    case "headers":
      return [values(NEVER_OBJECT), members(NEVER_PLAIN.map((value) => ["name", value]))];
  }
  if (Array.isArray(good)) {
    const many = new Change(path, `${MANY} of them`, new Array(MANY).fill(good[0]));
    return [[...values(NEVER_LIST), many], ...within(Object.entries(good))];
  }
  if (good instanceof Date) return [values(NEVER_TIME)];
  if (typeof good === "number") {
    return [values([...NEVER_NUMBER, ...(Number.isInteger(good) ? [0.0005] : [])])];
  }
  if (typeof good === "boolean") return [values(NEVER_FLAG)];
  if (typeof good === "string") return [values(NEVER_TEXT)];
  const unknown = open ? [] : members(NO_MEMBERS.map((name) => [name, { polluted: true }]));
  const whole = path.length > 0 ? NEVER_OBJECT : ["text", 7, true, [], ["a"]];
  return [values(whole), unknown, ...within(Object.entries(good as object))];
}

/** The other members are those of the good ones. */
function replacedAt(params: object, path: readonly string[], value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const before = (params as Record<string, unknown>)[name];
  const inner = rest.length === 0 ? value : replacedAt((before ?? {}) as object, rest, value);
  if (Array.isArray(params)) return params.map((item, index) => (String(index) === name ? inner : item));
  const copy = { ...params };
  // Not by assignment: `__proto__` would be no member.
  Object.defineProperty(copy, name, { value: inner, enumerable: true, configurable: true, writable: true });
  return copy;
}

function shown(value: unknown): string {
  if (typeof value === "string") return `${JSON.stringify(value.slice(0, 40))} (${value.length})`;
  if (typeof value !== "object" || value === null || value instanceof RegExp) return String(value);
  const names = JSON.stringify(Object.keys(value).slice(0, 3));
  return `${Array.isArray(value) ? "a list" : "an object"} with ${names}`;
}
