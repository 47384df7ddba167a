import type { CollationDocument } from "mongodb";
import type {
  CollectionDeclaration,
  IndexDeclaration,
  IndexDirection,
} from "../../mixins/mongo-schema/declaration";

type Random = () => number;

const FIELDS = ["a", "b.c", "d", "e.f.g", "user_id", "at"];
// Danish puts capitals first, which MongoDB allows with the full strength alone.
const COLLATIONS = [
  ...["en", "de", "fr_CA", "da", "th", "vi", "simple", "zh", "es@collation=search"].map((locale) => ({
    locale,
  })),
  ...["en", "fr_CA", "th", "vi"].map((locale) => ({ locale, strength: 2 })),
  { locale: "de", numericOrdering: true },
];
const LANGUAGES = ["none", "english", "german", "french"];
const FILTERS: Record<string, unknown>[] = [
  { open: true },
  { n: { $gt: 5 } },
  { n: { $gte: 5, $lt: 9 }, kind: { $in: ["x", "y"] } },
  { at: { $exists: true } },
  { $and: [{ open: true }, { kind: { $type: "string" } }] },
];

/** A valid declaration of one to four indexes of any kind, the same for the same random numbers. */
export function generatedDeclaration(collection: string, random: Random): CollectionDeclaration {
  const indexes: IndexDeclaration[] = [];
  const count = 1 + Math.floor(random() * 4);
  // A name of its own for each: so any two may share a key, if MongoDB can tell them apart by something else.
  for (let n = 0; n < count; n++) {
    const index = generatedIndex(`i${n}`, random);
    if (!indexes.some((other) => clash(other, index))) indexes.push(index);
  }
  const options =
    random() < 0.2 ? { validator: { a: { $type: "int" } }, validationAction: "warn" as const } : undefined;
  return { collection, indexes, ...(options && { options }) };
}

function clash(one: IndexDeclaration, other: IndexDeclaration): boolean {
  const text = (index: IndexDeclaration) => Object.values(index.key).includes("text");
  return JSON.stringify(one.key) === JSON.stringify(other.key) || (text(one) && text(other));
}

function generatedIndex(name: string, random: Random): IndexDeclaration {
  const roll = random();
  const some = pick(FIELDS, random);
  if (roll < 0.12) return textIndex(name, random);
  if (roll < 0.2) return { name, key: { [some]: "hashed" }, ...commonOptions(random, { unique: false }) };
  if (roll < 0.28) return { name, key: { place: "2dsphere" }, ...maybe(random, { hidden: true }) };
  if (roll < 0.36) return wildcardIndex(name, random);
  if (roll < 0.5) {
    const expireAfterSeconds = Math.floor(random() * 100_000);
    return { name, key: { at: direction(random) }, expireAfterSeconds, ...maybe(random, { hidden: true }) };
  }
  const fields = FIELDS.filter(() => random() < 0.4);
  const key = Object.fromEntries(
    (fields.length > 0 ? fields : [some]).map((field) => [field, direction(random)]),
  );
  return { name, key, ...commonOptions(random, { unique: true }) };
}

function textIndex(name: string, random: Random): IndexDeclaration {
  const fields = FIELDS.filter(() => random() < 0.4);
  const key: Record<string, IndexDirection> = {
    ...maybe(random, { tenant: 1 as const }),
    ...Object.fromEntries((fields.length > 0 ? fields : ["title"]).map((field) => [field, "text" as const])),
  };
  return {
    name,
    key,
    ...maybe(random, { weights: { [fields[0] ?? "title"]: 1 + Math.floor(random() * 20) } }),
    ...maybe(random, { default_language: pick(LANGUAGES, random) }),
    ...maybe(random, { language_override: "lang" }),
  };
}

function wildcardIndex(name: string, random: Random): IndexDeclaration {
  if (random() < 0.5) return { name, key: { [`${pick(FIELDS, random)}.$**`]: 1 } };
  return { name, key: { "$**": 1 }, ...maybe(random, { wildcardProjection: { a: 1, "b.c": 1 } }) };
}

function commonOptions(random: Random, { unique }: { unique: boolean }): Partial<IndexDeclaration> {
  const selection = random();
  return {
    ...(unique && maybe(random, { unique: true })),
    ...maybe(random, { hidden: true }),
    ...(selection < 0.25 && { sparse: true }),
    ...(selection > 0.75 && { partialFilterExpression: pick(FILTERS, random) }),
    ...maybe(random, { collation: pick<CollationDocument>(COLLATIONS, random) }),
  };
}

/** Every change of one option that leaves an index valid, and another one. */
export function singleChanges(index: IndexDeclaration): IndexDeclaration[] {
  const directions = Object.values(index.key);
  const plain = directions.every((value) => typeof value === "number");
  const wildcard = Object.keys(index.key).some((field) => field.endsWith("$**"));
  const text = directions.includes("text");
  const ttl = index.expireAfterSeconds;
  const changes: (Partial<IndexDeclaration> | false)[] = [
    { name: `${index.name}_other` },
    { hidden: !index.hidden },
    plain && !wildcard && { unique: !index.unique },
    plain && !wildcard && !index.partialFilterExpression && { sparse: !index.sparse },
    plain && !wildcard && { key: { ...index.key, one_more: 1 }, expireAfterSeconds: undefined },
    plain && !wildcard && { key: turned(index.key) },
    !index.sparse && { partialFilterExpression: { other: { $gt: 77 } } },
    ttl !== undefined && { expireAfterSeconds: ttl + 1 },
    ttl !== undefined && { expireAfterSeconds: undefined },
    plain && !wildcard && { collation: { locale: "nl", strength: 1 } },
    text && { default_language: index.default_language === "spanish" ? "none" : "spanish" },
    text && { language_override: "other_language" },
    text && { weights: { ...index.weights, one_more: 3 } },
    index.key["$**"] === 1 && { wildcardProjection: { z: 1 } },
  ];
  return changes.filter((change) => change !== false).map((change) => ({ ...index, ...change }));
}

function turned(key: IndexDeclaration["key"]): IndexDeclaration["key"] {
  const [[field, value] = ["", 1], ...rest] = Object.entries(key);
  return Object.fromEntries([[field, value === 1 ? -1 : 1], ...rest]);
}

function direction(random: Random): 1 | -1 {
  return random() < 0.7 ? 1 : -1;
}

function maybe<T extends object>(random: Random, options: T): T | Record<string, never> {
  return random() < 0.3 ? options : {};
}

function pick<T>(from: T[], random: Random): T {
  return from[Math.floor(random() * from.length)] as T;
}
