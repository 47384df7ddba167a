import type { Context, Service, ServiceSchema, ServiceSettingSchema } from "moleculer";
import DbService from "moleculer-db";
import type { Collection } from "mongodb";
import { STRICT } from "../schemas/query-params";
import { SharedMongoAdapter } from "./mongo-schema/adapter";
import { checkDeclarations } from "./mongo-schema/check-declarations";
import type { CollectionDeclaration } from "./mongo-schema/declaration";
import { OwnedCollections, pruneDays } from "./mongo-schema/owned-collections";
import type { CollectionPlan } from "./mongo-schema/plan";
import { type MongoSettings, mongoSettings } from "./mongo-schema/settings";

export type { CollectionDeclaration, IndexDeclaration, IndexPolicy } from "./mongo-schema/declaration";
export type { IndexAction, IndexState } from "./mongo-schema/plan";
export type { IndexUsage } from "./mongo-schema/usage";

/** What the mixin gives a service; usable from its own `started` on. */
export interface MongoCollections<Document extends object = Record<string, unknown>> {
  /** The first declared collection. */
  collection: Collection<Document>;
  /** Every declared collection by its name. */
  collections: Record<string, Collection>;
  /** The adapter of moleculer-db; `adapter.client` starts sessions. */
  adapter: Omit<SharedMongoAdapter, "collection"> & { collection: Collection<Document> };
}

/** `this` of a service with the mixin. */
export type MongoSchemaService<Document extends object = Record<string, unknown>> = Service &
  MongoCollections<Document>;

/** A service schema in which `this` is typed: `const orders: MongoServiceSchema<Order> = { … }`. */
export type MongoServiceSchema<Document extends object, Variables = unknown> = ServiceSchema<
  ServiceSettingSchema & { mongo?: MongoSettings },
  MongoCollections<Document>,
  Variables
>;

/** The answer of `<service>.indexes`, one per collection. */
export type CollectionIndexes = CollectionPlan;

/** Parameters of `<service>.indexes`; without any it only looks. */
export interface IndexesParams {
  /** Creates what is missing and changes what can be changed in place. */
  apply?: boolean;
  /** With `apply`: builds anew what cannot be changed in place. */
  rebuild?: boolean;
  /** With `apply`: hides indexes that nobody declares; drops those that have been hidden for seven days. */
  prune?: boolean;
  /** Adds sizes and uses. */
  stats?: boolean;
}

type MixedIn = Service & {
  adapter: SharedMongoAdapter;
  connect(): Promise<void>;
  owned: OwnedCollections;
} & Pick<MongoCollections, "collection" | "collections">;

// Of moleculer-db the methods and the adapter's life are used. Its actions would hand any caller MongoDB's operators, and its
// `started` would try a wrong password for ever.
const {
  actions: _actions,
  started: _started,
  metadata: _metadata,
  name: _name,
  ...moleculerDb
} = DbService as ServiceSchema;

const flag = { type: "boolean", optional: true, default: false, convert: true };

/**
 * Makes a service the owner of collections: `started` waits for MongoDB and makes them as declared. Throws
 * WEIR_INDEX_DECLARATION_INVALID for a faulty declaration; the start fails with WEIR_MONGO_REFUSED, WEIR_INDEX_NOT_CREATED or,
 * with the policy `fail`, WEIR_INDEX_CHANGED.
 */
export function mongoSchema(
  first: CollectionDeclaration,
  ...more: CollectionDeclaration[]
): Partial<ServiceSchema> {
  const declarations = [first, ...more];
  const schema: Partial<ServiceSchema<ServiceSettingSchema, unknown, MixedIn>> & Record<string, unknown> = {
    mixins: [moleculerDb],

    // `settings.mongo` holds a password: it stays on this node.
    settings: { $secureSettings: ["mongo"] },

    // Read by moleculer-db's adapter, and by the programs that need no running service: docs and `npm run indexes`.
    collection: first.collection,
    collectionDeclarations: declarations,

    merged(this: Service, merged: ServiceSchema & { adapter?: SharedMongoAdapter }) {
      checkDeclarations(merged.name, declarations);
      const { url, database } = mongoSettings(this.broker, merged.settings);
      merged.adapter = new SharedMongoAdapter(url, database, this.broker.getLogger("mongo"));
    },

    actions: {
      /** → `CollectionIndexes[]`: declared against actual, and what would heal a difference. */
      indexes: {
        visibility: "public",
        params: { ...STRICT, apply: flag, rebuild: flag, prune: flag, stats: flag },
        async handler(ctx: Context<IndexesParams>): Promise<CollectionIndexes[]> {
          const { apply, rebuild, prune, stats } = ctx.params;
          if (apply) {
            const pruneAfterDays = pruneDays(prune);
            await this.owned.ensure(this.adapter, {
              policy: "apply",
              build: "await",
              rebuild,
              pruneAfterDays,
            });
          }
          return this.owned.inspect(this.adapter, { stats });
        },
      },
    },

    created() {
      this.owned = new OwnedCollections(this, declarations, mongoSettings(this.broker, this.settings));
    },

    async started() {
      await this.connect();
      this.collection = this.adapter.collection;
      this.collections = Object.fromEntries(
        declarations.map(({ collection }) => [collection, this.adapter.db.collection(collection)]),
      );
      await this.owned.start(this.adapter);
    },

    async stopped() {
      this.owned.stop();
    },
  };
  return schema as Partial<ServiceSchema>;
}
