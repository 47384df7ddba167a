import type { Context, Service, ServiceSchema, ServiceSettingSchema } from "moleculer";
import DbService from "moleculer-db";
import type { Collection } from "mongodb";
import { configurationOf } from "../schemas/configuration/broker-configuration";
import { SharedMongoAdapter } from "./mongo-schema/adapter";
import { type CollectionDeclaration, checkDeclarations } from "./mongo-schema/declaration";
import { ensureCollection, inspectCollection, warnOfChanged } from "./mongo-schema/ensure";
import type { IndexState } from "./mongo-schema/plan";
import { retryWhileUnreachable } from "./mongo-schema/retry";

export type { CollectionDeclaration, IndexDeclaration } from "./mongo-schema/declaration";
export type { IndexState } from "./mongo-schema/plan";

/** What the mixin gives a service; usable from its own `started` on. */
export interface MongoCollections<Document extends object = Record<string, unknown>> {
  /** The first declared collection. */
  collection: Collection<Document>;
  /** Every declared collection by its name. */
  collections: Record<string, Collection>;
  /** The adapter of moleculer-db; `adapter.client` starts sessions. */
  adapter: SharedMongoAdapter;
}

/** `this` of a service with the mixin. */
export type MongoSchemaService<Document extends object = Record<string, unknown>> = Service &
  MongoCollections<Document>;

/** A service schema in which `this` is typed: `const orders: MongoServiceSchema<Order> = { … }`. */
export type MongoServiceSchema<Document extends object, Variables = unknown> = ServiceSchema<
  ServiceSettingSchema,
  MongoCollections<Document>,
  Variables
>;

/** The answer of `<service>.indexes`, one per collection. */
export interface CollectionIndexes {
  collection: string;
  indexes: IndexState[];
}

type MixedIn = MongoSchemaService & { connect(): Promise<void> };

// Of moleculer-db the methods and the adapter's life are used. Its actions would hand any caller MongoDB's operators, and its
// `started` would try a wrong password for ever.
const {
  actions: _actions,
  started: _started,
  metadata: _metadata,
  name: _name,
  ...moleculerDb
} = DbService as ServiceSchema;

/**
 * Makes a service the owner of collections: `started` waits for MongoDB and creates the collections and indexes that are missing.
 * Throws WEIR_INDEX_DECLARATION_INVALID for a faulty declaration; the start fails with WEIR_MONGO_REFUSED or WEIR_INDEX_NOT_CREATED.
 */
export function mongoSchema(
  first: CollectionDeclaration,
  ...more: CollectionDeclaration[]
): Partial<ServiceSchema> {
  const declarations = [first, ...more];
  const schema: Partial<ServiceSchema<ServiceSettingSchema, unknown, MixedIn>> & Record<string, unknown> = {
    mixins: [moleculerDb],

    // Read by moleculer-db's adapter, and by the test that keeps docs/collections.md current.
    collection: first.collection,
    collectionDeclarations: declarations,

    merged(this: Service, merged: ServiceSchema & { adapter?: SharedMongoAdapter }) {
      checkDeclarations(merged.name, declarations);
      const { url, database } = configurationOf(this.broker).mongo;
      merged.adapter = new SharedMongoAdapter(url, database, this.broker.getLogger("mongo"));
    },

    actions: {
      /** Declared against actual indexes; with `apply` the missing ones are created first. */
      indexes: {
        params: { apply: { type: "boolean", optional: true, default: false, convert: true }, $$strict: true },
        async handler(ctx: Context<{ apply: boolean }>): Promise<CollectionIndexes[]> {
          const { adapter, fullName: service, logger } = this;
          return forEach(declarations, (declaration) =>
            ctx.params.apply
              ? ensureCollection(adapter.db, declaration, { service, logger })
              : inspectCollection(adapter.db, declaration),
          );
        },
      },
    },

    async started() {
      await this.connect();
      const { adapter, fullName: service, logger } = this;
      this.collection = adapter.collection;
      this.collections = Object.fromEntries(
        declarations.map(({ collection }) => [collection, adapter.db.collection(collection)]),
      );
      const ensured = await retryWhileUnreachable(
        () =>
          forEach(declarations, (declaration) =>
            ensureCollection(adapter.db, declaration, { service, logger }),
          ),
        { uri: adapter.uri, signal: adapter.stopping, logger },
      );
      for (const { collection, indexes } of ensured) warnOfChanged(collection, indexes, logger);
    },
  };
  return schema as Partial<ServiceSchema>;
}

async function forEach(
  declarations: CollectionDeclaration[],
  run: (declaration: CollectionDeclaration) => Promise<IndexState[]>,
): Promise<CollectionIndexes[]> {
  const answers: CollectionIndexes[] = [];
  for (const declaration of declarations) {
    answers.push({ collection: declaration.collection, indexes: await run(declaration) });
  }
  return answers;
}
