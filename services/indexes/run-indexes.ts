import path from "node:path";
import type { Logger } from "moleculer";
import type { Db } from "mongodb";
import { checkDeclarations } from "../../mixins/mongo-schema/check-declarations";
import { mergedDeclaration, refuseContradiction } from "../../mixins/mongo-schema/claims";
import { driftOf } from "../../mixins/mongo-schema/describe";
import { ensureCollection } from "../../mixins/mongo-schema/ensure";
import { pruneDays } from "../../mixins/mongo-schema/owned-collections";
import { inspectCollection } from "../../mixins/mongo-schema/read-collection";
import type { Healing, Target } from "../../mixins/mongo-schema/target";
import { withUsage } from "../../mixins/mongo-schema/usage";
import type { CollectionIndexes } from "../../mixins/mongo-schema.mixin";
import { declaredCollections, type Owner } from "../declared-collections";
import { productServices } from "../runtime/product-services";
import type { IndexesCommand } from "./command-line";

export interface ServiceIndexes {
  service: string;
  collections: CollectionIndexes[];
  /** How many collections and indexes are not as declared. */
  drift: number;
}

/** Who declares what, without loading a broker. Throws for an unknown service and for what contradicts. */
export function ownersFor({ services, files, samples }: IndexesCommand): Owner[] {
  const owners = declaredCollections([
    ...productServices({ samples }),
    ...files.map((file) => path.resolve(file)),
  ]);
  const known = owners.map(({ service }) => service);
  const unknown = services.find((service) => !known.includes(service));
  if (unknown)
    throw new Error(`No service "${unknown}" declares collections; these do: ${known.join(", ")}.`);
  for (const { service, declarations } of owners) checkDeclarations(service, declarations);
  const claims = claimsOf(owners);
  for (const claim of claims) {
    for (const other of claims) {
      const shared = claim.declaration.collection === other.declaration.collection;
      if (shared && claim.service !== other.service) refuseContradiction(claim, other);
    }
  }
  return owners;
}

/** Looks, or with `apply` does what the services' own start does, with the same function. */
export async function runIndexes(
  command: IndexesCommand,
  { db, logger, owners }: { db: Db; logger: Logger; owners: Owner[] },
): Promise<ServiceIndexes[]> {
  const answers: ServiceIndexes[] = [];
  const claims = claimsOf(owners);
  for (const { service, declarations } of owners) {
    if (command.services.length > 0 && !command.services.includes(service)) continue;
    const collections: CollectionIndexes[] = [];
    for (const declaration of declarations) {
      const same = claims.filter((claim) => claim.declaration.collection === declaration.collection);
      const signal = new AbortController().signal;
      const target: Target = {
        db,
        service,
        logger,
        signal,
        declaration: mergedDeclaration(declaration, same),
      };
      if (command.apply) await ensureCollection(target, healingOf(command));
      const plan = await inspectCollection(target, { fresh: true });
      collections.push({ ...plan, indexes: await withUsage(db, plan.collection, plan.indexes) });
    }
    const drift = collections.reduce((sum, plan) => sum + driftOf(plan), 0);
    answers.push({ service, collections, drift });
  }
  return answers;
}

function claimsOf(owners: Owner[]) {
  return owners.flatMap(({ service, declarations }) =>
    declarations.map((declaration) => ({ service, declaration })),
  );
}

function healingOf({ rebuild, prune }: IndexesCommand): Healing {
  return { policy: "apply", build: "await", rebuild, pruneAfterDays: pruneDays(prune) };
}
