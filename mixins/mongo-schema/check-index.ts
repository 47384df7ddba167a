import { isBridgeName } from "./bridge";
import { type CollectionDeclaration, type IndexDeclaration, isText, isWildcard } from "./declaration";

const OPTIONS = new Set([
  ...["key", "name", "unique", "sparse", "hidden", "partialFilterExpression", "expireAfterSeconds"],
  ...["weights", "default_language", "language_override", "wildcardProjection", "collation"],
  ...["required", "description"],
]);
const FLAGS = ["unique", "sparse", "hidden", "required"] as const;
const DIRECTIONS = new Set<unknown>([1, -1, "text", "hashed", "2d", "2dsphere"]);
const MOST_SECONDS = 2_147_483_647;

type Rule = (index: IndexDeclaration, collection: CollectionDeclaration) => string | false | undefined;

/** What MongoDB would refuse, or take for something else than was meant; each with its remedy. */
const RULES: Rule[] = [
  ({ key }) =>
    (typeof key !== "object" || key === null || Object.keys(key).length === 0) &&
    "`key` names no field; write for example `key: { status: 1 }`.",
  ({ key }) => {
    const wrong = Object.entries(key).find(([, direction]) => !DIRECTIONS.has(direction));
    return (
      wrong &&
      `field "${wrong[0]}" has ${JSON.stringify(wrong[1])}; use 1, -1, "text", "hashed", "2d" or "2dsphere".`
    );
  },
  (index) => {
    const unknown = Object.keys(index).find((option) => !OPTIONS.has(option));
    return unknown && `unknown option "${unknown}"; known are ${[...OPTIONS].join(", ")}.`;
  },
  (index) => {
    const wrong = FLAGS.find((flag) => index[flag] !== undefined && typeof index[flag] !== "boolean");
    return wrong && `\`${wrong}\` is ${JSON.stringify(index[wrong])}; use true or false.`;
  },
  ({ name }) =>
    name !== undefined &&
    (typeof name !== "string" || name === "" || name === "*" || name === "_id_" || isBridgeName(name)) &&
    `\`name\` is ${JSON.stringify(name)}, which MongoDB or the rebuild of an index takes for something else; choose another.`,
  (index) => {
    const fields = Object.keys(index.key);
    const wrong = fields.find(
      (field) => !isWildcardField(field) && /^$|^\$|\.\$|\.\.|^\.|\.$|\0|^_fts/.test(field),
    );
    return wrong !== undefined && `"${wrong}" is no path of a field; correct it in \`key\`.`;
  },
  ({ key }) => {
    // JavaScript moves such members to the front of an object, whatever their order was.
    const number = Object.keys(key).find((field) => /^\d+$/.test(field));
    return (
      number !== undefined &&
      Object.keys(key).length > 1 &&
      `the field "${number}" would stand first, wherever it was written; rename the field.`
    );
  },
  ({ key }) =>
    Object.keys(key).length === 1 &&
    (key._id === 1 || key._id === -1) &&
    "MongoDB makes the index on `_id` by itself; remove it.",
  ({ key }) =>
    new Set(
      Object.values(key).filter((direction) => typeof direction === "string" && direction !== "2dsphere"),
    ).size +
      (Object.values(key).includes("2dsphere") ? 1 : 0) >
      1 && "text, hashed, 2d and 2dsphere do not go together in one index; make two of it.",
  ({ key }) =>
    Object.values(key).filter((direction) => direction === "hashed").length > 1 &&
    "an index has one hashed field at most; make the others 1 or -1.",
  (index) =>
    isText(index) &&
    !adjacent(Object.values(index.key)) &&
    "the text fields of an index must stand next to each other; reorder `key`.",
  (index) =>
    isWildcard(index) &&
    (Object.keys(index.key).length > 1 || Object.values(index.key)[0] !== 1) &&
    "a wildcard index has one field, with the direction 1; correct `key`.",
  (index) => {
    const wrong =
      isWildcard(index) &&
      (["unique", "sparse", "expireAfterSeconds"] as const).find((option) => index[option]);
    return wrong && `a wildcard index cannot have \`${wrong}\`; remove it.`;
  },
  (index) =>
    index.wildcardProjection !== undefined &&
    index.key["$**"] !== 1 &&
    '`wildcardProjection` belongs to the key `{ "$**": 1 }`; remove it.',
  ({ unique, key }) =>
    unique &&
    Object.values(key).includes("hashed") &&
    "a hashed index cannot be unique; use 1 instead of hashed.",
  ({ unique, key }) => unique && isText({ key }) && "a text index cannot be unique here; remove `unique`.",
  ({ sparse, partialFilterExpression }) =>
    sparse !== undefined &&
    partialFilterExpression !== undefined &&
    "`sparse` and `partialFilterExpression` exclude each other; keep the latter.",
  ({ expireAfterSeconds, key }) =>
    expireAfterSeconds !== undefined &&
    (Object.keys(key).length !== 1 || typeof Object.values(key)[0] === "string") &&
    "`expireAfterSeconds` works on one field alone, with the direction 1 or -1; declare a separate index for it.",
  ({ expireAfterSeconds: seconds }) =>
    seconds !== undefined &&
    (!Number.isInteger(seconds) || seconds < 0 || seconds > MOST_SECONDS) &&
    `\`expireAfterSeconds\` is ${seconds}; use whole seconds from 0 to ${MOST_SECONDS}.`,
  (index) =>
    (index.weights ?? index.default_language ?? index.language_override) !== undefined &&
    !isText(index) &&
    "`weights` and languages belong to text indexes; give a field the direction `text` or remove them.",
  ({ weights = {} }) => {
    const wrong = Object.entries(weights).find(
      ([, weight]) => !(Number.isInteger(weight) && weight > 0 && weight < 100_000),
    );
    return (
      wrong &&
      `the weight of "${wrong[0]}" is ${JSON.stringify(wrong[1])}; use a whole number from 1 to 99999.`
    );
  },
  ({ collation }) =>
    collation !== undefined &&
    typeof collation.locale !== "string" &&
    '`collation` has no `locale`; write for example `{ locale: "en", strength: 2 }`.',
  (index, { options }) => {
    const inherited = options?.collation && options.collation.locale !== "simple";
    const own = index.collation && index.collation.locale !== "simple";
    const plain = isText(index) || Object.values(index.key).includes("2d");
    return (
      plain &&
      (own || (inherited && !index.collation)) &&
      'text and 2d indexes know no collation; write `collation: { locale: "simple" }`.'
    );
  },
];

/** The first fault hides those after it: later rules build upon earlier ones. */
export function faultsOfIndex(index: IndexDeclaration, collection: CollectionDeclaration): string[] {
  for (const rule of RULES) {
    const fault = rule(index, collection);
    if (typeof fault === "string") return [fault];
  }
  return [];
}

function isWildcardField(field: string): boolean {
  return /^(?:[^$.\0]+\.)*\$\*\*$/.test(field);
}

function adjacent(directions: unknown[]): boolean {
  const first = directions.indexOf("text");
  return directions
    .slice(first, directions.lastIndexOf("text") + 1)
    .every((direction) => direction === "text");
}
