import type { CollationDocument } from "mongodb";

// What ICU sets for a language by itself; seen with every locale that MongoDB 6.0 knows.
const NORMALIZED = new Set(
  "as bn el fa gu he hi ig km kn kok mr my or pa ps si ta te th vi yi yo".split(" "),
);
const UPPER_FIRST = new Set(["da", "mt"]);

/** A collation as MongoDB completes it. Undefined for the simple one, which it does not keep. */
export function completeCollation(collation: CollationDocument | undefined) {
  if (!collation || collation.locale === "simple") return undefined;
  const given = Object.entries(collation).filter(
    ([option, value]) => value !== undefined && option !== "version",
  );
  return {
    caseLevel: false,
    caseFirst: "off",
    strength: 3,
    numericOrdering: false,
    alternate: "non-ignorable",
    maxVariable: "punct",
    normalization: false,
    backwards: false,
    ...ofLocale(collation.locale),
    ...Object.fromEntries(given),
  };
}

function ofLocale(locale: string): Record<string, unknown> {
  const [base = "", variant = ""] = locale.split("@");
  if (variant.startsWith("collation=search")) return { normalization: true };
  const language = base.split("_")[0] ?? "";
  return {
    ...(NORMALIZED.has(language) && { normalization: true }),
    ...(UPPER_FIRST.has(language) && { caseFirst: "upper" }),
    ...(language === "th" && { alternate: "shifted" }),
    ...(base === "fr_CA" && { backwards: true }),
  };
}
