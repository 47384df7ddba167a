import type { CollationDocument } from "mongodb";
import { type IndexDeclaration, isText } from "./declaration";
import { type ActualIndex, type NormalForm, normalForm, signature } from "./normal-form";
import type { IndexAction } from "./plan";
import { sameValue } from "./same-value";

/** Per option that differs: what the declaration says and what the database has. */
export type Difference = Record<string, { declared: unknown; actual: unknown }>;

export interface Described<Index> {
  index: Index;
  form: NormalForm;
  signature: string;
}

export function described<Index extends IndexDeclaration | ActualIndex>(
  index: Index,
  inherited?: CollationDocument,
): Described<Index> {
  const form = normalForm(index, inherited);
  return { index, form, signature: signature(form) };
}

/** All that a signature does not cover; the signature of text indexes covers nothing. */
const BESIDE_THE_SIGNATURE = ["hidden", "prepareUnique", "expireAfterSeconds"];

export function differenceBetween(
  declared: Described<IndexDeclaration>,
  actual: Described<ActualIndex>,
): Difference {
  const difference: Difference = {};
  const same = declared.signature === actual.signature && !isText(declared.index);
  for (const option of same ? BESIDE_THE_SIGNATURE : Object.keys(declared.form)) {
    const [wanted, found] = [declared.form[option], actual.form[option]];
    if (sameValue(wanted, found) || (option === "prepareUnique" && declared.form.unique)) continue;
    difference[option] =
      option === "key"
        ? { declared: declared.index.key, actual: actual.index.key }
        : { declared: wanted, actual: found };
  }
  // A name that was not chosen may be any.
  const { name } = declared.index;
  if (name && name !== actual.index.name) difference.name = { declared: name, actual: actual.index.name };
  return difference;
}

const IN_PLACE = new Set(["expireAfterSeconds", "hidden", "prepareUnique", "unique"]);

export function healingAction(index: IndexDeclaration, difference: Difference): IndexAction {
  const { unique, ...others } = difference;
  const { expireAfterSeconds: ttl } = others;
  const inPlace =
    Object.keys(difference).every((option) => IN_PLACE.has(option)) &&
    // `collMod` makes an index unique or a TTL one, and cannot take that back.
    (unique === undefined || unique.declared === true) &&
    (ttl === undefined || ttl.declared !== undefined);
  if (!inPlace) return { kind: "rebuild", how: isText(index) ? "drop_first" : "bridged" };
  const set = Object.fromEntries(Object.entries(others).map(([option, { declared }]) => [option, declared]));
  return { kind: unique ? "make_unique" : "modify", set };
}
