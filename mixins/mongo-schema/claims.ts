import type { ServiceBroker } from "moleculer";
import { invalidDeclaration } from "./check-declarations";
import { type CollectionDeclaration, type IndexDeclaration, indexName } from "./declaration";
import { type NormalForm, normalForm, signature } from "./normal-form";
import { canonical } from "./same-value";

export interface Claim {
  service: string;
  declaration: CollectionDeclaration;
}

const claims = new WeakMap<ServiceBroker, Map<string, Claim[]>>();

/**
 * Takes a service's collections down, for as long as it lives; `release` ends that. Throws WEIR_INDEX_DECLARATION_INVALID when
 * another service of this node declares the same collection with an index that contradicts.
 */
export function claimCollections(
  broker: ServiceBroker,
  database: string,
  { service, declarations }: { service: string; declarations: CollectionDeclaration[] },
): { release(): void } {
  const byCollection = claims.get(broker) ?? new Map<string, Claim[]>();
  claims.set(broker, byCollection);
  const own = declarations.map((declaration) => ({ service, declaration }));
  const keyOf = ({ declaration }: Claim) => `${database}.${declaration.collection}`;
  // A service that is loaded anew replaces its former self.
  const others = (key: string) => (byCollection.get(key) ?? []).filter((other) => other.service !== service);
  for (const claim of own) for (const other of others(keyOf(claim))) refuseContradiction(claim, other);
  for (const claim of own) byCollection.set(keyOf(claim), [...others(keyOf(claim)), claim]);
  return {
    release() {
      for (const [key, known] of byCollection) {
        byCollection.set(
          key,
          known.filter((claim) => !own.includes(claim)),
        );
      }
    },
  };
}

/** The declaration with the indexes of all that claim the same collection: what another one declares is not extra. */
export function withOthersIndexes(
  broker: ServiceBroker,
  database: string,
  declaration: CollectionDeclaration,
): CollectionDeclaration {
  const all = claims.get(broker)?.get(`${database}.${declaration.collection}`) ?? [];
  return mergedDeclaration(declaration, all);
}

export function mergedDeclaration(declaration: CollectionDeclaration, all: Claim[]): CollectionDeclaration {
  const indexes = [...(declaration.indexes ?? [])];
  const keep = [...(declaration.keep ?? [])];
  for (const { declaration: other } of all) {
    const names = new Set(indexes.map(indexName));
    indexes.push(...(other.indexes ?? []).filter((index) => !names.has(indexName(index))));
    keep.push(...(other.keep ?? []));
  }
  return { ...declaration, indexes, keep };
}

/** Throws when two services want the same collection to be different. */
export function refuseContradiction(claim: Claim, other: Claim): void {
  const { collection, indexes = [] } = claim.declaration;
  for (const index of indexes) {
    const against = (other.declaration.indexes ?? []).find((theirs) => contradict(index, theirs));
    if (!against) continue;
    const what =
      `service "${other.service}" declares "${indexName(against)}" of the same collection otherwise: ` +
      `${JSON.stringify(bare(against))} against ${JSON.stringify(bare(index))}. A collection has one owner: declare it in one of them.`;
    throw invalidDeclaration(claim.service, collection, what, indexName(index));
  }
}

function contradict(one: IndexDeclaration, other: IndexDeclaration): boolean {
  const forms = [normalForm(one), normalForm(other)] as [NormalForm, NormalForm];
  const related = indexName(one) === indexName(other) || signature(forms[0]) === signature(forms[1]);
  const same = indexName(one) === indexName(other) && canonical(forms[0]) === canonical(forms[1]);
  return related && !same;
}

function bare({ description: _description, ...index }: IndexDeclaration): object {
  return index;
}
