import type { Service } from "moleculer";
import type { SharedMongoAdapter } from "./adapter";
import { catalogueOf } from "./catalogue";
import { claimCollections, withOthersIndexes } from "./claims";
import type { CollectionDeclaration } from "./declaration";
import { ensureCollection, warnOfChanged } from "./ensure";
import type { CollectionPlan } from "./plan";
import { buildProgress, withProgress } from "./progress";
import { inspectCollection } from "./read-collection";
import { retryWhileUnreachable } from "./retry";
import type { MongoSettings } from "./settings";
import type { Healing, Target } from "./target";
import { withUsage } from "./usage";
import { watchCollection } from "./watch-collections";

const PRUNE_AFTER_DAYS = 7;

/** The collections of one service, from its creation to its end. */
export class OwnedCollections {
  readonly #service: Service;
  readonly #declarations: CollectionDeclaration[];
  readonly #settings: MongoSettings;
  readonly #claim: { release(): void };
  readonly #watches: { stop(): void }[] = [];

  constructor(service: Service, declarations: CollectionDeclaration[], settings: MongoSettings) {
    this.#service = service;
    this.#declarations = declarations;
    this.#settings = settings;
    const owner = { service: service.fullName, declarations };
    this.#claim = claimCollections(service.broker, settings.database, owner);
  }

  /** What `started` does: waits for MongoDB, makes the collections as declared, and begins to watch them. */
  async start(adapter: SharedMongoAdapter): Promise<void> {
    const { logger } = this.#service;
    const targets = this.#targets(adapter);
    const plans = await retryWhileUnreachable(
      () => Promise.all(targets.map((target) => ensureCollection(target, this.#atBoot(target.declaration)))),
      { uri: adapter.uri, signal: adapter.stopping, logger },
    );
    const catalogue = await catalogueOf(adapter.db);
    for (const target of targets) {
      const { collection } = target.declaration;
      const plan = plans.find((one) => one.collection === collection);
      if (plan) warnOfChanged(target, plan);
      const uuid = catalogue.get(collection)?.uuid;
      this.#watches.push(
        watchCollection(adapter.db, { collection, uuid, heal: (what) => heal(target, what) }),
      );
    }
  }

  stop(): void {
    for (const watch of this.#watches.splice(0)) watch.stop();
    this.#claim.release();
  }

  async ensure(adapter: SharedMongoAdapter, healing: Healing): Promise<CollectionPlan[]> {
    return await Promise.all(this.#targets(adapter).map((target) => ensureCollection(target, healing)));
  }

  /** Declared against actual, with the progress of what is being built and, where asked for, sizes and uses. */
  async inspect(adapter: SharedMongoAdapter, { stats = false } = {}): Promise<CollectionPlan[]> {
    return await Promise.all(
      this.#targets(adapter).map(async (target) => {
        const plan = await inspectCollection(target, { fresh: true });
        const building = plan.indexes.some(({ state }) => state === "building");
        const builds = building ? await buildProgress(adapter.db, plan.collection) : [];
        const indexes = withProgress(plan.indexes, builds);
        return { ...plan, indexes: stats ? await withUsage(adapter.db, plan.collection, indexes) : indexes };
      }),
    );
  }

  #atBoot({ policy = this.#settings.indexPolicy, rebuild, prune }: CollectionDeclaration): Healing {
    const apply = policy === "apply";
    return { policy, rebuild: apply && rebuild, pruneAfterDays: apply ? pruneDays(prune) : undefined };
  }

  #targets({ db, stopping: signal }: SharedMongoAdapter): Target[] {
    const { broker, fullName: service, logger } = this.#service;
    return this.#declarations.map((declaration) => ({
      db,
      service,
      declaration: withOthersIndexes(broker, this.#settings.database, declaration),
      logger,
      signal,
    }));
  }
}

/** `true` and a declaration's own form as days; undefined where nothing is to be pruned. */
export function pruneDays(prune: CollectionDeclaration["prune"]): number | undefined {
  if (!prune) return undefined;
  return prune === true ? PRUNE_AFTER_DAYS : prune.afterDays;
}

async function heal(target: Target, what: "dropped" | "replaced"): Promise<void> {
  const { declaration, logger, signal } = target;
  if (signal.aborted) return;
  const name = `"${declaration.collection}"`;
  logger.error(
    `Collection ${name} was ${what} while it is in use. It is made as declared again; its documents are lost.`,
  );
  try {
    await ensureCollection(target, { policy: "apply", build: "await" });
    logger.error(`Collection ${name} has its indexes again.`);
  } catch (error) {
    if (signal.aborted) return;
    logger.error(`Collection ${name} could not be made as declared: ${(error as Error).message}`);
    throw error;
  }
}
