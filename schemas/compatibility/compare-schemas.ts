import { type Break, type Comparison, notComparable } from "./break";
import { compareLists, OF_LISTS } from "./compare-lists";
import { compareObjects, OF_OBJECTS } from "./compare-objects";
import { compareValues, OF_VALUES } from "./compare-values";
import { conjunctsOf, pairUp } from "./conjuncts";
import { followed, SameSchema } from "./same-schema";
import { SchemaDocument } from "./schema-document";
import { decisiveOf, type Schema } from "./schema-keywords";

export type { Break, Rule } from "./break";
export type { Schema } from "./schema-keywords";

const COMPARED = new Set([...OF_VALUES, ...OF_OBJECTS, ...OF_LISTS]);
const NOTHING: Record<string, unknown> = {};

/**
 * Everything by which `after` breaks those who send or read what `before` described; empty where nothing does. What cannot be told is
 * a break. References are followed within a file, so that a change behind them is one of what refers to it.
 */
export function compareSchemas(before: Schema, after: Schema): Break[] {
  return new SchemaComparison(before, after).run();
}

class SchemaComparison {
  private readonly before: SchemaDocument;
  private readonly after: SchemaDocument;
  private readonly sameness: SameSchema;

  constructor(before: Schema, after: Schema) {
    this.before = new SchemaDocument(before);
    this.after = new SchemaDocument(after);
    this.sameness = new SameSchema(this.before, this.after);
  }

  run(): Break[] {
    return this.breaksOf("", this.before.root, this.after.root, new Set());
  }

  /** `seen`: pairs that are being compared. A schema that refers to itself is compared once for each pair of its parts. */
  private breaksOf(path: string, old: unknown, now: unknown, seen: Set<string>): Break[] {
    if (this.sameness.same(old, now)) return [];
    const [was, is] = [followed(this.before, old), followed(this.after, now)];
    if (typeof was === "object" && typeof is === "object") {
      const pair = this.sameness.pairOf(was, is);
      if (seen.has(pair)) return [];
      seen.add(pair);
    }
    const [musts, must] = [conjunctsOf(this.before, was), conjunctsOf(this.after, is)];
    if (musts === null || must === null || was === true) {
      if (is === true) return [];
      // Of what might be anything, or nothing, each rule would say something.
      return typeof is === "object" && was === true
        ? this.breaksOfPair(path, NOTHING, is, true, seen)
        : [{ path, rule: "not_comparable", message: notComparable("a schema", was, is) }];
    }
    const alone = musts.length === 1;
    return pairUp(musts, must, (one, other) => this.sameness.same(one, other)).flatMap(([one, other]) =>
      this.breaksOfPair(path, one ?? NOTHING, other ?? NOTHING, alone, seen),
    );
  }

  private breaksOfPair(
    path: string,
    was: Record<string, unknown>,
    is: Record<string, unknown>,
    alone: boolean,
    seen: Set<string>,
  ): Break[] {
    const breaks: Break[] = [];
    const comparison: Comparison = {
      path,
      was,
      is,
      add: (rule, message, at = path) => breaks.push({ path: at, rule, message }),
      visit: (at, old, now) => breaks.push(...this.breaksOf(at, old, now, seen)),
      same: (old, now) => this.sameness.same(old, now),
    };
    compareValues(comparison);
    compareObjects(comparison, alone);
    compareLists(comparison);
    const others = new Set([...decisiveOf(was), ...decisiveOf(is)].map(([keyword]) => keyword));
    for (const keyword of others) {
      if (COMPARED.has(keyword) || this.sameness.sameKeyword(keyword, was, is)) continue;
      if (keyword === "anyOf" && this.isCovered(was.anyOf, is.anyOf, seen)) continue;
      comparison.add("not_comparable", notComparable(keyword, was[keyword], is[keyword]));
    }
    return breaks;
  }

  /** Whether each alternative that there was is still there, or one that breaks nobody who knew it; and no other. */
  private isCovered(before: unknown, after: unknown, seen: Set<string>): boolean {
    if (!Array.isArray(before) || !Array.isArray(after) || before.length !== after.length) return false;
    return pairUp(before, after, (old, now) => this.sameness.same(old, now)).every(
      // On trial: what it takes for compared is forgotten if it breaks something.
      ([old, now]) => this.breaksOf("", old, now, new Set(seen)).length === 0,
    );
  }
}
