import { WeirError } from "../../schemas/errors";
import { faultsOfIndex } from "./check-index";
import { type CollectionDeclaration, type IndexDeclaration, indexName, isText } from "./declaration";
import { mongoJsonSchema } from "./json-schema";
import { normalForm, signature } from "./normal-form";

/** MongoDB's limit, the index on `_id` included. */
const MOST_INDEXES = 64;
const POLICIES: unknown[] = [undefined, "warn", "fail", "apply"];
const BUILDS: unknown[] = [undefined, "await", "background"];
const MEMBERS = new Set([
  ...["collection", "description", "options", "jsonSchema", "indexes"],
  ...["policy", "build", "rebuild", "prune", "keep"],
]);

/** Throws a WeirError that names service, collection, index and remedy when MongoDB would refuse a declaration or mistake it. */
export function checkDeclarations(service: string, declarations: CollectionDeclaration[]): void {
  const seen = new Set<string>();
  for (const declaration of declarations) {
    const { collection } = declaration;
    const fault = seen.has(collection)
      ? { what: "the collection is declared twice; put all its indexes into one declaration." }
      : faultOf(declaration);
    if (fault) throw invalidDeclaration(service, collection, fault.what, fault.index);
    seen.add(collection);
  }
}

export function invalidDeclaration(
  service: string,
  collection: string,
  what: string,
  index?: string,
): WeirError {
  const where = `Service "${service}", collection "${collection}"${index ? `, index "${index}"` : ""}`;
  return new WeirError("WEIR_INDEX_DECLARATION_INVALID", `${where}: ${what}`, { service, collection, index });
}

interface Fault {
  what: string;
  index?: string;
}

function faultOf(declaration: CollectionDeclaration): Fault | undefined {
  const { collection, indexes = [], options, jsonSchema } = declaration;
  if (typeof collection !== "string" || !/^(?!system\.)[^\0$]+$/.test(collection)) {
    return {
      what: "a collection needs a name without `$`, NUL and the prefix `system.`; correct `collection`.",
    };
  }
  const unknown = Object.keys(declaration).find((member) => !MEMBERS.has(member));
  if (unknown) return { what: `unknown member "${unknown}"; known are ${[...MEMBERS].join(", ")}.` };
  if (!POLICIES.includes(declaration.policy)) {
    return { what: `\`policy\` is ${JSON.stringify(declaration.policy)}; use "warn", "fail" or "apply".` };
  }
  if (!BUILDS.includes(declaration.build)) {
    return { what: `\`build\` is ${JSON.stringify(declaration.build)}; use "await" or "background".` };
  }
  if (jsonSchema && options?.validator) {
    return { what: "`jsonSchema` and `options.validator` are two validators; keep one of them." };
  }
  if (jsonSchema) {
    try {
      mongoJsonSchema(jsonSchema);
    } catch (error) {
      return {
        what: `\`jsonSchema\`: ${(error as Error).message}; remove it, or write \`options.validator\`.`,
      };
    }
  }
  if (indexes.length >= MOST_INDEXES) {
    const most = MOST_INDEXES - 1;
    return {
      what: `${indexes.length} indexes are declared, and MongoDB allows ${most} beside the one on _id; remove some.`,
    };
  }
  return faultOfIndexes(declaration, indexes);
}

function faultOfIndexes(declaration: CollectionDeclaration, indexes: IndexDeclaration[]): Fault | undefined {
  const names = new Set<string>();
  const signatures = new Map<string, string>();
  for (const index of indexes) {
    const [what] = faultsOfIndex(index, declaration);
    const name = index.key ? indexName(index) : (index.name ?? "(no key)");
    if (what) return { what, index: name };
    if (names.has(name))
      return { what: "two indexes have this name; give one of them another `name`.", index: name };
    names.add(name);
    const same = signature(normalForm(index, declaration.options?.collation));
    const other = signatures.get(same);
    if (other) {
      const why = isText(index)
        ? "is a text index too, and MongoDB allows one in a collection; put all fields into it."
        : "has the same key, and nothing by which MongoDB tells them apart; declare it once.";
      return { what: `"${other}" ${why}`, index: name };
    }
    signatures.set(same, name);
  }
  return undefined;
}
