import type { CollationDocument } from "mongodb";

// What ICU sets for a language by itself; seen with every locale that MongoDB 6.0 knows.
const NORMALIZED = new Set(
  "as bn el fa gu he hi ig km kn kok mr my or pa ps si ta te th vi yi yo".split(" "),
);
const UPPER_FIRST = new Set(["da", "mt"]);

/** A collation as MongoDB completes it. Undefined for the simple one, which it does not keep. */
export function completeCollation(collation: CollationDocument | undefined) {
  if (!collation || collation.locale === "simple") return undefined;
  const { locale } = collation;
  const language = locale.split(/[_@]/)[0] ?? locale;
  const given = Object.entries(collation).filter(
    ([option, value]) => value !== undefined && option !== "version",
  );
  return {
    caseLevel: false,
    caseFirst: UPPER_FIRST.has(language) ? "upper" : "off",
    strength: 3,
    numericOrdering: false,
    alternate: language === "th" ? "shifted" : "non-ignorable",
    maxVariable: "punct",
    normalization: NORMALIZED.has(language),
    backwards: locale === "fr_CA",
    ...Object.fromEntries(given),
  };
}
