import { isDeepStrictEqual } from "node:util";
import type { SchemaDocument } from "./schema-document";
import { decisiveOf, kindOf, objectOf } from "./schema-keywords";

/** Tells whether two schemas of two files say the same, whatever their definitions are called and wherever they stand. */
export class SameSchema {
  private readonly ids = new WeakMap<object, number>();
  private count = 0;

  constructor(
    private readonly before: SchemaDocument,
    private readonly after: SchemaDocument,
  ) {}

  /** `assumed`: pairs that are being compared, which a reference has led back to. */
  same(old: unknown, now: unknown, assumed = new Set<string>()): boolean {
    const [was, is] = [followed(this.before, old), followed(this.after, now)];
    if (typeof was === "boolean" || typeof is === "boolean") return was === is;
    const pair = this.pairOf(was, is);
    if (assumed.has(pair)) return true;
    assumed.add(pair);
    const [from, to] = [Object.fromEntries(decisiveOf(was)), Object.fromEntries(decisiveOf(is))];
    return [...new Set([...Object.keys(from), ...Object.keys(to)])].every(
      (keyword) =>
        Object.hasOwn(from, keyword) &&
        Object.hasOwn(to, keyword) &&
        this.sameKeyword(keyword, was, is, assumed),
    );
  }

  /** Whether one keyword says the same in both. */
  sameKeyword(
    keyword: string,
    was: Record<string, unknown>,
    is: Record<string, unknown>,
    assumed = new Set<string>(),
  ): boolean {
    const [from, to] = [was[keyword], is[keyword]];
    if (from === undefined || to === undefined) return from === to;
    // Beside other keywords: alone it has been followed.
    if (keyword === "$ref") {
      const [target, now] = [this.before.target(was), this.after.target(is)];
      return target === undefined || now === undefined ? from === to : this.same(target, now, assumed);
    }
    // Where it leads depends on where it was come from.
    if (keyword === "$dynamicRef") return from === to && isDeepStrictEqual(this.before.root, this.after.root);
    const kind = kindOf(keyword);
    if (kind === "one") return this.same(from, to, assumed);
    if (kind === "many") return this.sameList(from, to, assumed);
    if (kind === "named") return this.sameNamed(objectOf(from), objectOf(to), assumed);
    return isDeepStrictEqual(sorted(from, kind), sorted(to, kind));
  }

  /** A name for two schemas side by side, so that a pair is met once. */
  pairOf(old: object, now: object): string {
    return `${this.idOf(old)}/${this.idOf(now)}`;
  }

  private sameList(from: unknown, to: unknown, assumed: Set<string>): boolean {
    if (!Array.isArray(from) || !Array.isArray(to)) return isDeepStrictEqual(from, to);
    return from.length === to.length && from.every((part, index) => this.same(part, to[index], assumed));
  }

  private sameNamed(
    from: Record<string, unknown>,
    to: Record<string, unknown>,
    assumed: Set<string>,
  ): boolean {
    const names = Object.keys(from);
    return (
      names.length === Object.keys(to).length &&
      names.every((name) => Object.hasOwn(to, name) && this.same(from[name], to[name], assumed))
    );
  }

  private idOf(schema: object): number {
    let id = this.ids.get(schema);
    if (id === undefined) {
      id = this.count++;
      this.ids.set(schema, id);
    }
    return id;
  }
}

/** What a schema that is nothing but a reference leads to. `true` for a schema that decides nothing. */
export function followed(document: SchemaDocument, schema: unknown): Record<string, unknown> | boolean {
  let at = schema;
  for (const met = new Set<unknown>(); typeof at === "object" && at !== null && !met.has(at); ) {
    met.add(at);
    const decisive = decisiveOf(objectOf(at));
    if (decisive.length === 0) return true;
    if (decisive.length > 1 || decisive[0]?.[0] !== "$ref") break;
    const target = document.target(objectOf(at));
    // Beyond this file: what is said of it is its address.
    if (target === undefined) break;
    at = target;
  }
  return typeof at === "boolean" ? at : objectOf(at);
}

function sorted(value: unknown, kind: ReturnType<typeof kindOf>): unknown {
  if (kind !== "set") return value;
  return (Array.isArray(value) ? value : [value]).map((item) => JSON.stringify(item)).sort();
}
